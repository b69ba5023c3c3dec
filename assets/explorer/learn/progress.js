/** How far someone is in the lessons: kept in their browser, and sent nowhere. */

/**
 * @typedef {object} Progress
 * @property {number | null} prediction  index of the option, or the number; null: nothing predicted
 * @property {number} step               how many steps are done
 * @property {number | null} outcome     the measured quantity, once all are
 */

const KEY = "latent-explorer-lessons";

/** @type {Progress} */
const NOTHING = { prediction: null, step: 0, outcome: null };

/** @returns {Record<string, unknown>} */
function readAll() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {}; // none, or storage is not to be had: everyone begins anew
  }
}

/**
 * @param {string} slug
 * @returns {Progress} nothing, where what is kept is no progress
 */
export function readProgress(slug) {
  const found = /** @type {Partial<Progress> | null} */ (readAll()[slug] ?? null);
  if (!found || typeof found !== "object") return { ...NOTHING };
  const { prediction, step, outcome } = found;
  const isNumber = (/** @type {unknown} */ value) => typeof value === "number" && Number.isFinite(value);
  if (!isNumber(prediction)) return { ...NOTHING };
  return {
    prediction: Number(prediction),
    step: Number.isInteger(step) && Number(step) >= 0 ? Number(step) : 0,
    outcome: isNumber(outcome) ? Number(outcome) : null,
  };
}

/** @param {string} slug @param {Progress | null} progress  null: begin anew */
export function keepProgress(slug, progress) {
  const all = readAll();
  if (progress) all[slug] = progress;
  else delete all[slug];
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Where nothing can be kept, the lesson goes on all the same.
  }
}

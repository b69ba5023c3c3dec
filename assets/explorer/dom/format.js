/** Numbers as readers get them. */

/** A minus sign as wide as a plus. */
const MINUS = "−";

/** @param {number} value @param {number} [decimals] @returns {string} e.g. "−0.52" */
export function fixed(value, decimals = 2) {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** @param {number} value @returns {string} three digits that count, e.g. "1,240" or "0.0312" */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100) return grouped(Math.round(value));
  if (size >= 10) return fixed(value, 1);
  if (size >= 0.1 || size === 0) return fixed(value, 2);
  return value.toPrecision(2).replace("-", MINUS);
}

/** @param {number} value  whole @returns {string} e.g. "12,400" */
export function grouped(value) {
  return value.toLocaleString("en").replace("-", MINUS);
}

/**
 * @param {Float32Array | number[]} z
 * @param {boolean} [isOfCategories]  its numbers are those of categories
 * @returns {string} e.g. "(0.31, −1.20)", or how long it is when it has many numbers
 */
export function latentText(z, isOfCategories = false) {
  if (isOfCategories) {
    return `(${Array.from(z, (value) => fixed(value, 0)).join(z.length > 16 ? " " : ", ")})`;
  }
  if (z.length <= 4) return `(${Array.from(z, (value) => fixed(value)).join(", ")})`;
  return `${z.length} numbers, length ${fixed(Math.hypot(...z))}`;
}

/** @param {number} share  0..1 @returns {string} e.g. "62 %", "0.4 %", "under 0.1 %" */
export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  if (share < 0.001) return "under 0.1 %";
  if (share > 0.999 && share < 1) return "over 99.9 %";
  const value = 100 * share;
  return `${value < 10 || (value > 90 && value < 100) ? value.toFixed(1) : Math.round(value)} %`;
}

/** @param {number} seconds @returns {string} e.g. "2 min 5 s" */
export function duration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

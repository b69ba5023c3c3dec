/** The map in words and numbers, for who cannot see it: where each class lies and how far it spreads. */

import { fixed, grouped } from "../../dom/format.js";

/** @typedef {import("../scene/colouring.js").Colouring} Colouring */
/** @typedef {import("../scene/colouring.js").Group} Group */

/** Heads the first column where points are coloured by something else than a factor. @type {Record<string, string>} */
const HEADS = { class: "Class", none: "Images" };

/**
 * @param {Colouring} colouring
 * @param {Float32Array} positions      (N, 2)
 * @param {[string, string]} titles     of the axes
 * @returns {import("../../dom/folded-table.js").TableContent}
 */
export function mapTable(colouring, positions, titles) {
  const [across, up] = titles[0] === "UMAP" ? ["across", "upwards"] : titles;
  const { by, groups } = colouring;
  return {
    head: [
      HEADS[by] ?? by,
      "Images",
      `Mean, ${across}`,
      `Mean, ${up}`,
      `Spread, ${across}`,
      `Spread, ${up}`,
    ],
    rows: groups
      .map((group, g) => [nameOf(colouring, group, g), ...momentsOf(group.indices, positions)])
      .filter(([, count]) => count !== "0"),
  };
}

/**
 * @param {Colouring} colouring
 * @param {Group} group
 * @param {number} g  its index
 * @returns {string} of a class its name, of a step of a factor's range its ends
 */
function nameOf({ by, range, groups }, group, g) {
  if (!range) return by === "none" ? "All" : group.name;
  const at = (/** @type {number} */ share) => fixed(range[0] + (range[1] - range[0]) * share);
  return `${at(g / groups.length)} to ${at((g + 1) / groups.length)}`;
}

/**
 * @param {Int32Array} indices
 * @param {Float32Array} positions
 * @returns {string[]} how many; the means along both axes; the standard deviations
 */
function momentsOf(indices, positions) {
  const moments = [0, 1].map((axis) => {
    let [sum, squares] = [0, 0];
    for (const n of indices) sum += positions[2 * n + axis] / indices.length;
    for (const n of indices) squares += (positions[2 * n + axis] - sum) ** 2 / indices.length;
    return [sum, Math.sqrt(squares)];
  });
  const [[x, wide], [y, high]] = moments;
  return [grouped(indices.length), fixed(x), fixed(y), fixed(wide), fixed(high)];
}

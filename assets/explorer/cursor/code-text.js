/** Codes and their distances in words: numbers, or categories. */

import { fixed } from "../dom/format.js";

/** @typedef {import("../latent/space.js").Space} Space */

/**
 * Say how far two codes are apart.
 *
 * @param {number} distance
 * @param {Pick<Space, "isGaussian" | "dims" | "config">} space
 * @param {boolean} [isShort]
 * @returns {string} in deviations of the prior; without a unit where codes follow none, and have one of their own; of
 *     categories in how many variables they differ
 */
export function distanceText(distance, { isGaussian, dims, config: { categories } }, isShort = false) {
  if (categories) return `${fixed(distance, 0)} of ${dims}${isShort ? "" : " categories"}`;
  return `${fixed(distance)}${isGaussian ? " σ" : ""}`;
}

/** @param {number} value  of a dimension @param {Pick<Space, "config">} space @returns {string} e.g. "−0.52", or the number of a category */
export function valueText(value, { config: { categories } }) {
  return fixed(value, categories ? 0 : 2);
}

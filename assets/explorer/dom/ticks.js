/** Round numbers along an axis. */

import { fixed } from "./format.js";

/**
 * @param {number} least
 * @param {number} greatest
 * @param {number} count  about so many
 * @returns {number[]} round numbers in between
 */
export function ticks(least, greatest, count) {
  const rough = (greatest - least) / Math.max(1, count);
  if (!(rough > 0)) return [];
  const step = roundUp(rough);
  const out = [];
  for (let k = Math.ceil(least / step); k * step <= greatest; k++) out.push(k * step);
  return out;
}

/** @param {number} value  above 0 @returns {number} the next of 1, 2, 5, 10, 20, 50, ... that is not below it */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5].map((digit) => digit * power).find((candidate) => candidate >= value * (1 - 1e-9)) ??
    10 * power;
}

/** @param {number} value @param {number[]} all @returns {string} with as many decimals as the ticks' distance needs */
export function tickText(value, all) {
  const distance = all.length > 1 ? all[1] - all[0] : Math.abs(value) || 1;
  return fixed(value, Math.min(6, Math.max(0, -Math.floor(Math.log10(distance) + 1e-9))));
}

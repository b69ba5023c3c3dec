/** Latents and their places on the map as a table that other programs read (RFC 4180). */

import { labelOf } from "../../latent/space.js";

/** @typedef {import("../../latent/space.js").Space} Space */

/** A spreadsheet would run a text that begins like this as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * @param {Space} space
 * @param {Float32Array} positions  on the map, (N, 2)
 * @returns {string} one row for each image: index, label, factors, mean and logvar of each dimension, x, y
 */
export function latentsCsv(space, positions) {
  const { dims, count, mean, logvar, labels, factors, factorNames } = space;
  const each = (/** @type {string} */ stem) => Array.from({ length: dims }, (_, d) => `${stem}_${d}`);
  const known = factors ? factorNames : [];
  const head = [
    "index",
    ...(labels ? ["label"] : []),
    ...known,
    ...each("mean"),
    ...(logvar ? each("logvar") : []),
    "x",
    "y",
  ];
  const lines = [head.map(textCell)];
  for (let n = 0; n < count; n++) {
    /** @type {(values: Float32Array, wide: number) => string[]} */
    const row = (values, wide) => Array.from(values.subarray(n * wide, (n + 1) * wide), numberCell);
    lines.push([
      String(n),
      ...(labels ? [textCell(labelOf(space, n))] : []),
      ...(factors ? row(factors, known.length) : []),
      ...row(mean, dims),
      ...(logvar ? row(logvar, dims) : []),
      ...row(positions, 2),
    ]);
  }
  return lines.map((cells) => `${cells.join(",")}\r\n`).join("");
}

/** @param {string} text @returns {string} quoted where it must be, and never a formula */
export function textCell(text) {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {number} value  of single precision @returns {string} nine digits give it back exactly; nothing for NaN */
function numberCell(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(9))) : "";
}

/** Where a reconstruction is too bright or too dark: signed, in two colours, on the page's own background. */

import { mix } from "../dom/theme.js";

/** @typedef {import("../dom/pictures.js").Shape} Shape */
/** @typedef {import("../dom/theme.js").Rgb} Rgb */

/** Too dark: the blue of the curves, which colour-blind readers can tell from their orange. @type {Rgb} */
const DARKER = [63, 144, 218];
/** Too bright: the orange of the curves. @type {Rgb} */
const BRIGHTER = [231, 99, 0];

/** Errors smaller than this are not blown up to the full colours. */
const LEAST_LIMIT = 0.1;

/**
 * @typedef {object} Errors
 * @property {Float32Array} signed    reconstruction minus original, mean over channels, (H * W), -1..1
 * @property {number} limit           what the full colours stand for
 * @property {number} meanSquare      over all pixels and channels
 */

/**
 * @param {ArrayLike<number>} original  bytes, (C, H, W)
 * @param {ArrayLike<number>} rgba      the reconstruction's bytes, (H, W, 4)
 * @param {Shape} shape
 * @returns {Errors}
 */
export function compare(original, rgba, [channels, height, width]) {
  const area = height * width;
  const signed = new Float32Array(area);
  let squares = 0;
  let limit = LEAST_LIMIT;
  for (let p = 0; p < area; p++) {
    for (let c = 0; c < channels; c++) {
      const error = (rgba[4 * p + c] - original[c * area + p]) / 255;
      signed[p] += error / channels;
      squares += error * error;
    }
    limit = Math.max(limit, Math.abs(signed[p]));
  }
  return { signed, limit, meanSquare: squares / (area * channels) };
}

/**
 * @param {Errors} errors
 * @param {Rgb} neutral  of no error
 * @returns {Uint8ClampedArray} RGBA, (H, W, 4)
 */
export function colourErrors({ signed, limit }, neutral) {
  const out = new Uint8ClampedArray(signed.length * 4);
  signed.forEach((error, p) => {
    out.set(mix(neutral, error < 0 ? DARKER : BRIGHTER, Math.abs(error) / limit), 4 * p);
    out[4 * p + 3] = 255;
  });
  return out;
}

/** @param {Rgb} neutral @returns {string} CSS of a scale from too dark to too bright */
export function errorScale(neutral) {
  const colours = [DARKER, neutral, BRIGHTER].map((rgb) => `rgb(${rgb.join(", ")})`);
  return `linear-gradient(to right, ${colours.join(", ")})`;
}

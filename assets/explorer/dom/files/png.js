/** Canvases as PNG files, which may say how large they are in print. */

import { drawingContext } from "../canvas.js";
import { crc32 } from "./crc32.js";

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Blob>}
 * @throws {Error} if the browser has no memory for so large a picture
 */
export function canvasPng(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((png) => {
      if (png) resolve(png);
      else reject(new Error("The browser could not make a PNG of so large a picture."));
    }, "image/png");
  });
}

/** A picture is at least so wide in print, in px. */
export const LEAST_WIDTH = 1200;

/** @param {HTMLCanvasElement} canvas @returns {HTMLCanvasElement} its pixels as squares, wide enough for a page */
export function enlarged(canvas) {
  const scale = Math.max(1, Math.ceil(LEAST_WIDTH / canvas.width));
  const out = document.createElement("canvas");
  Object.assign(out, { width: canvas.width * scale, height: canvas.height * scale });
  const context = drawingContext(out);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, out.width, out.height);
  return out;
}

/** Of a PNG: the signature and the first chunk, which says how many pixels there are; others follow. */
const HEAD = 8 + 25;

const METRES_PER_INCH = 0.0254;

/**
 * Write into a PNG how finely it is drawn, so that it prints at its size (a chunk pHYs; PNG specification, 11.3.4.3).
 *
 * @param {Blob} png
 * @param {number} dotsPerInch
 * @returns {Promise<Blob>}
 */
export async function withDensity(png, dotsPerInch) {
  const bytes = new Uint8Array(await png.arrayBuffer());
  const chunk = new DataView(new ArrayBuffer(21));
  chunk.setUint32(0, 9); // bytes of its data
  [..."pHYs"].forEach((letter, k) => chunk.setUint8(4 + k, letter.charCodeAt(0)));
  const perMetre = Math.round(dotsPerInch / METRES_PER_INCH);
  chunk.setUint32(8, perMetre);
  chunk.setUint32(12, perMetre);
  chunk.setUint8(16, 1); // the unit is the metre
  chunk.setUint32(17, crc32(new Uint8Array(chunk.buffer, 4, 13)));
  return new Blob([bytes.subarray(0, HEAD), chunk, bytes.subarray(HEAD)], { type: "image/png" });
}

/** Turn pixels into canvases. Pictures are drawn at their own size and enlarged by CSS, without smoothing. */

import { drawingContext } from "./canvas.js";
import { element } from "./dom.js";

/** @typedef {[number, number, number]} Shape  (C, H, W) */
/** @typedef {import("./dom.js").Attributes} Attributes */

/**
 * Write one picture as RGBA.
 *
 * @param {ArrayLike<number>} pixels  row-major over (channel, row, column)
 * @param {number} scale              255 for pixels in [0, 1], 1 for bytes
 * @param {Shape} shape
 * @param {Uint8ClampedArray} out     its first H * W * 4 numbers after `offset` are written
 * @param {number} [offset]
 */
export function writeRgba(pixels, scale, [channels, height, width], out, offset = 0) {
  const area = height * width;
  const green = channels === 3 ? area : 0;
  const blue = channels === 3 ? 2 * area : 0;
  for (let p = 0, q = offset; p < area; p++, q += 4) {
    out[q] = pixels[p] * scale;
    out[q + 1] = pixels[green + p] * scale;
    out[q + 2] = pixels[blue + p] * scale;
    out[q + 3] = 255;
  }
}

/**
 * Take pictures apart that came together, row by row.
 *
 * @param {Uint8ClampedArray<ArrayBuffer>} rgba  whole rows, picture after picture
 * @param {Shape} shape                          of a picture
 * @param {number} columns                       pictures in a row
 * @returns {Array<Uint8ClampedArray<ArrayBuffer>>} views, one for each row
 */
export function splitRows(rgba, [, height, width], columns) {
  const bytes = 4 * columns * height * width;
  return Array.from(
    { length: rgba.length / bytes },
    (_, row) => rgba.subarray(row * bytes, (row + 1) * bytes),
  );
}

/** A canvas that shows one picture. */
export class Picture {
  /** @param {Shape} shape @param {Attributes} attributes  an `aria-label` is a must */
  constructor(shape, attributes) {
    this.canvas = element("canvas", { role: "img", class: "le-picture", ...attributes });
    this.context = drawingContext(this.canvas, { willReadFrequently: true });
    this.shape = shape;
    this.image = this.#makeRoom(shape);
  }

  /** @param {Shape} shape */
  resize(shape) {
    this.shape = shape;
    this.image = this.#makeRoom(shape);
  }

  /** Size the canvas. @param {Shape} shape @returns {ImageData} to write pixels into */
  #makeRoom([, height, width]) {
    Object.assign(this.canvas, { height, width });
    // A picture taller than wide must not push what is below it out of sight: it fits into the square of the others.
    this.canvas.style.setProperty("--le-slenderness", String(Math.min(1, width / height)));
    this.canvas.style.aspectRatio = `${width} / ${height}`;
    return this.context.createImageData(width, height);
  }

  /** @param {ArrayLike<number>} pixels  in [0, 1] */
  draw(pixels) {
    writeRgba(pixels, 255, this.shape, this.image.data);
    this.context.putImageData(this.image, 0, 0);
  }

  /** @param {ArrayLike<number>} bytes  0..255 */
  drawBytes(bytes) {
    writeRgba(bytes, 1, this.shape, this.image.data);
    this.context.putImageData(this.image, 0, 0);
  }

  clear() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }
}

/** A canvas that shows pictures side by side, in rows, with a gap between them that the page shows through. */
export class Sheet {
  /**
   * @param {Shape} shape
   * @param {number} columns
   * @param {number} rows
   * @param {Attributes} attributes  an `aria-label` is a must
   */
  constructor(shape, columns, rows, attributes) {
    this.canvas = element("canvas", { role: "img", class: "le-sheet", ...attributes });
    this.context = drawingContext(this.canvas, { willReadFrequently: true });
    this.shape = shape;
    this.columns = columns;
    this.rows = rows;
    /** Between pictures, in canvas pixels. */
    this.gap = 0;
    /** One picture's pixels, before they are drawn. */
    this.cell = new ImageData(1, 1);
    this.resize(shape, columns, rows);
  }

  /** @param {Shape} shape @param {number} columns @param {number} rows */
  resize(shape, columns, rows) {
    Object.assign(this, { shape, columns, rows });
    const [, height, width] = shape;
    this.gap = Math.max(1, Math.round(width / 14));
    this.canvas.width = columns * width + (columns - 1) * this.gap;
    this.canvas.height = rows * height + (rows - 1) * this.gap;
    this.canvas.style.aspectRatio = `${this.canvas.width} / ${this.canvas.height}`;
    this.cell = new ImageData(width, height);
  }

  /** @param {number} index @returns {[number, number]} left and top of a picture, in canvas pixels */
  corner(index) {
    const [, height, width] = this.shape;
    return [
      (index % this.columns) * (width + this.gap),
      Math.floor(index / this.columns) * (height + this.gap),
    ];
  }

  /**
   * Draw pictures that are RGBA already, as the decoding worker gives them.
   *
   * @param {number} start  index of the first
   * @param {Uint8ClampedArray<ArrayBuffer>} rgba  one after the other
   */
  drawRgba(start, rgba) {
    const [, height, width] = this.shape;
    const count = rgba.length / (width * height * 4);
    if (!count) return;
    const image = new ImageData(rgba, width, height * count);
    for (let n = 0; n < count; n++) {
      const [x, y] = this.corner(start + n);
      this.context.putImageData(image, x, y - n * height, 0, n * height, width, height);
    }
  }

  /** @param {number} index @param {ArrayLike<number>} pixels @param {number} scale  255 for pixels in [0, 1], 1 for bytes */
  draw(index, pixels, scale) {
    writeRgba(pixels, scale, this.shape, this.cell.data);
    this.context.putImageData(this.cell, ...this.corner(index));
  }

  clear() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /**
   * @param {number} x  0..1 across the canvas as it is shown
   * @param {number} y  0..1 down
   * @returns {number} which picture is there
   */
  at(x, y) {
    const column = Math.min(this.columns - 1, Math.max(0, Math.floor(x * this.columns)));
    const row = Math.min(this.rows - 1, Math.max(0, Math.floor(y * this.rows)));
    return row * this.columns + column;
  }
}

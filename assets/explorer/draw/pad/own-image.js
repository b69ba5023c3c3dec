/** An image file of one's own, made to fit a model's frame; it stays in the browser. */

import { drawingContext } from "../../dom/canvas.js";
import { groundOf } from "./recipe.js";

/** @typedef {import("../../dom/pictures.js").Shape} Shape */

/** Where the edges of an image and of a set differ by more than this, 0..1, the image is turned into its negative. */
const APART = 0.5;

/**
 * @typedef {object} OwnImage
 * @property {Uint8Array} image    bytes, (C, H, W)
 * @property {boolean} isNegative  whether light became dark: its edge was light where the set's is dark, or the other way
 */

/**
 * Cut the middle out of an image, in the frame's proportions, and scale it to the frame.
 *
 * @param {Blob} file
 * @param {Shape} shape      of the model's images
 * @param {number[]} ground  of the model's images, 0..1, (C,)
 * @param {number} [fine]    so many pixels each way for each of the model's
 * @returns {Promise<OwnImage>} of the shape (C, fine * H, fine * W)
 * @throws {Error} if the browser can make no picture of it
 */
export async function ownImage(file, [channels, height, width], ground, fine = 1) {
  const bitmap = await createImageBitmap(file); // turned as the camera says
  const [high, wide] = [height * fine, width * fine];
  const scale = Math.max(wide / bitmap.width, high / bitmap.height);
  const data = scaled(bitmap, scale, wide, high);
  bitmap.close();
  const area = wide * high;
  const image = new Uint8Array(channels * area);
  for (let p = 0; p < area; p++) {
    const [red, green, blue] = data.subarray(4 * p, 4 * p + 3);
    if (channels === 1) image[p] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue); // ITU-R BT.601
    else for (let c = 0; c < 3; c++) image[c * area + p] = data[4 * p + c];
  }
  const edge = groundOf(image, [channels, high, wide]);
  const isNegative = channels === 1 && Math.abs(edge[0] - ground[0]) > APART;
  return { image: isNegative ? image.map((value) => 255 - value) : image, isNegative };
}

/**
 * Scale an image by halves first: a browser that goes far in one step leaves pixels out.
 *
 * @param {ImageBitmap} bitmap
 * @param {number} scale
 * @param {number} wide  of the part around its middle that is kept, after scaling
 * @param {number} high
 * @returns {Uint8ClampedArray} RGBA on white, (high, wide, 4)
 */
function scaled(bitmap, scale, wide, high) {
  /** @type {CanvasImageSource} */
  let source = bitmap;
  let [width, height] = [bitmap.width, bitmap.height];
  for (let left = scale; left < 0.5; left *= 2) {
    const half = document.createElement("canvas");
    Object.assign(half, {
      width: Math.max(1, Math.round(width / 2)),
      height: Math.max(1, Math.round(height / 2)),
    });
    const context = drawingContext(half);
    context.imageSmoothingQuality = "high";
    context.drawImage(source, 0, 0, half.width, half.height);
    [source, width, height] = [half, half.width, half.height];
  }
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: wide, height: high });
  const context = drawingContext(canvas, { willReadFrequently: true });
  context.fillStyle = "white"; // what is transparent is paper
  context.fillRect(0, 0, wide, high);
  context.imageSmoothingQuality = "high";
  const [across, down] = [bitmap.width * scale, bitmap.height * scale];
  context.drawImage(source, (wide - across) / 2, (high - down) / 2, across, down);
  return context.getImageData(0, 0, wide, high).data;
}

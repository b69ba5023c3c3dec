/** The files that samples can be saved as: a sheet wide enough for a page, and numbers that `numpy.load` reads. */

import { npz } from "../dom/files/npz.js";
import { canvasPng, enlarged, LEAST_WIDTH, withDensity } from "../dom/files/png.js";
import { Sheet } from "../dom/pictures.js";

/** @typedef {import("../dom/files/save-menu.js").SaveItem} SaveItem */

/**
 * @typedef {object} DrawnSamples
 * @property {import("../dom/pictures.js").Shape} shape
 * @property {number} columns              of the sheet
 * @property {Float32Array} z              (N, D)
 * @property {Float32Array} pixels         (N, C, H, W) in [0, 1]
 * @property {Int32Array | null} labels    the class told, (N,); null: none is
 * @property {Array<Uint8Array | null>} nearest  the image beside each, (C, H, W), where these are shown
 * @property {string} stem                 begins the files' names
 */

/** On a page the sheet is about as wide as a column of text. */
const DOTS_PER_INCH = 300;

/**
 * @param {() => Promise<DrawnSamples>} drawn  asked when a file is made
 * @returns {SaveItem[]}
 */
export function sampleFiles(drawn) {
  return [
    {
      text: "Sheet (PNG)",
      hint:
        `The samples as they stand here, at least ${LEAST_WIDTH} pixels wide, ${DOTS_PER_INCH} to the inch`,
      async make() {
        const now = await drawn();
        const png = await canvasPng(enlarged(sheetOf(now).canvas));
        return { name: `${now.stem}.png`, content: await withDensity(png, DOTS_PER_INCH) };
      },
    },
    {
      text: "Latents and pictures (NPZ)",
      hint: "For numpy.load: z (N, D) and images (N, C, H, W) in [0, 1], and the classes if they are told",
      async make() {
        const { shape, z, pixels, labels, stem } = await drawn();
        const count = pixels.length / (shape[0] * shape[1] * shape[2]);
        const arrays = [
          { name: "z", values: z, shape: [count, z.length / count] },
          { name: "images", values: pixels, shape: [count, ...shape] },
        ];
        const classes = labels ? [{ name: "labels", values: labels, shape: [count] }] : [];
        return { name: `${stem}.npz`, content: npz([...arrays, ...classes]) };
      },
    },
  ];
}

/** @param {DrawnSamples} samples @returns {Sheet} with the nearest image right of each, where these are shown */
function sheetOf({ shape, columns, pixels, nearest }) {
  const size = shape[0] * shape[1] * shape[2];
  const count = pixels.length / size;
  const isPaired = nearest.some((image) => image);
  const each = isPaired ? 2 : 1;
  const sheet = new Sheet(shape, columns, Math.ceil((count * each) / columns), {});
  for (let k = 0; k < count; k++) {
    sheet.draw(k * each, pixels.subarray(k * size, (k + 1) * size), 255);
    const image = nearest[k];
    if (image) sheet.draw(k * each + 1, image, 1);
  }
  return sheet;
}

/** The files that a map can be saved as: a picture for the screen or for print, vectors, numbers. */

import { latentsCsv } from "./latents-csv.js";
import { figurePng, figureSvg } from "./map-figure.js";

/** @typedef {import("../drawing/map.js").DrawnMap} DrawnMap */
/** @typedef {import("../../dom/files/save-menu.js").SaveItem} SaveItem */
/** @typedef {import("../../latent/space.js").Space} Space */

/**
 * @typedef {object} FileSubject  what a file is about
 * @property {Space} space
 * @property {Float32Array} positions  of its images on the map, (N, 2)
 * @property {DrawnMap} map
 * @property {string} title            above a figure
 * @property {string} stem             the beginning of the file's name
 */

/** How wide a figure for print is: two columns of a journal, in millimetres, and how finely it is drawn. */
const PRINT = { width: 180, dotsPerInch: 300 };

const MILLIMETRES_PER_INCH = 25.4;

/**
 * @param {() => FileSubject | null} subject  asked when a file is made; null: there is nothing on the map yet
 * @returns {SaveItem[]}
 */
export function mapFiles(subject) {
  const shown = () => {
    const now = subject();
    if (!now) throw new Error("There is no map yet.");
    return now;
  };
  return [
    {
      text: "Picture (PNG)",
      hint: "The map as it is, at twice its size",
      async make() {
        const { map, title, stem } = shown();
        return { name: `${stem}.png`, content: await figurePng(map, title) };
      },
    },
    {
      text: "For print (PNG)",
      hint: `The map as it is, ${PRINT.width} mm wide at ${PRINT.dotsPerInch} dots per inch`,
      async make() {
        const { map, title, stem } = shown();
        const width = Math.round((PRINT.width / MILLIMETRES_PER_INCH) * PRINT.dotsPerInch);
        const content = await figurePng(map, title, { width, dotsPerInch: PRINT.dotsPerInch });
        return { name: `${stem}-print.png`, content };
      },
    },
    {
      text: "Vectors (SVG)",
      hint: "The map as it is; points and words stay sharp at any size",
      async make() {
        const { map, title, stem } = shown();
        const content = new Blob([await figureSvg(map, title)], { type: "image/svg+xml" });
        return { name: `${stem}.svg`, content };
      },
    },
    {
      text: "Latents (CSV)",
      hint: "Each image's code and its place on the map",
      make() {
        const { space, positions, stem } = shown();
        const text = latentsCsv(space, positions);
        return { name: `${stem}.csv`, content: new Blob([text], { type: "text/csv;charset=utf-8" }) };
      },
    },
  ];
}

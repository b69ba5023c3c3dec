/** The files that a walk can be saved as: pictures wide enough for a page, a film there and back, its latents. */

import { canvasPng, enlarged, LEAST_WIDTH } from "../dom/files/png.js";
import { drawingContext } from "../dom/canvas.js";
import { gif } from "../dom/files/gif.js";
import { interpolate } from "../latent/codes.js";

/** @typedef {import("../dom/files/save-menu.js").SaveItem} SaveItem */
/** @typedef {import("../latent/codes.js").Method} Method */
/** @typedef {import("../latent/space.js").Space} Space */

/**
 * @typedef {object} WalkSubject
 * @property {Space} space
 * @property {string} model                as the decoding service knows it
 * @property {[Float32Array, Float32Array]} codes  of the two images, (D,) each
 * @property {Method} method
 * @property {number} steps                pictures in a row
 * @property {Array<{title: string, canvas: HTMLCanvasElement, isChosen: boolean}>} rows  that are seen, from top to bottom
 * @property {string} stem                 begins the files' names
 */

/** A frame of the film is at least so wide, in px. */
const LEAST_FRAME = 224;

/** So many frames go from one end to the other, and how long each of them and an end stays, in ms. */
const FILM = { frames: 31, each: 70, end: 700 };

/** Room for a row's name, in shares of a row's height, and how large it is written. */
const NAME = { room: 0.3, size: 0.2 };

/**
 * @param {() => WalkSubject | null} subject  asked when a file is made; null: there is no walk yet
 * @param {import("../decode/service.js").DecodeService} service
 * @returns {SaveItem[]}
 */
export function walkFiles(subject, service) {
  const shown = () => {
    const now = subject();
    if (!now) throw new Error("There is no walk yet.");
    return now;
  };
  return [
    {
      text: "Walk (PNG)",
      hint: `The row that is on the map, at least ${LEAST_WIDTH} pixels wide`,
      async make() {
        const { rows, method, stem } = shown();
        const [chosen] = rows.filter(({ isChosen }) => isChosen);
        return { name: `${stem}-${method}.png`, content: await canvasPng(enlarged(chosen.canvas)) };
      },
    },
    {
      text: "All rows (PNG)",
      hint: "The rows with their names, one below the other",
      async make() {
        const { rows, stem } = shown();
        return { name: `${stem}-rows.png`, content: await canvasPng(stacked(rows)) };
      },
    },
    {
      text: "Walk (GIF)",
      hint: "A film from one end to the other and back",
      async make() {
        const now = shown();
        return { name: `${now.stem}-${now.method}.gif`, content: await film(now, service) };
      },
    },
    {
      text: "Latents (CSV)",
      hint: "The latent of each picture in the row that is on the map",
      make() {
        const { codes: [from, to], steps, method, stem } = shown();
        const text = walkCsv(interpolate(from, to, steps, method), from.length);
        const content = new Blob([text], { type: "text/csv;charset=utf-8" });
        return { name: `${stem}-${method}.csv`, content };
      },
    },
  ];
}

/** @param {WalkSubject["rows"]} rows @returns {HTMLCanvasElement} on white, each with its name above it */
function stacked(rows) {
  const pictures = rows.map(({ canvas }) => enlarged(canvas));
  const [{ width, height }] = pictures;
  const room = Math.round(height * NAME.room);
  const out = document.createElement("canvas");
  Object.assign(out, { width, height: pictures.length * (height + room) });
  const context = drawingContext(out);
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, out.width, out.height);
  Object.assign(context, {
    fillStyle: "#1b2233",
    font: `600 ${Math.round(height * NAME.size)}px sans-serif`,
    textBaseline: "middle",
  });
  pictures.forEach((picture, n) => {
    const top = n * (height + room);
    context.fillText(rows[n].title, 0, top + room / 2);
    context.drawImage(picture, 0, top + room);
  });
  return out;
}

/**
 * @param {WalkSubject} subject
 * @param {import("../decode/service.js").DecodeService} service
 * @returns {Promise<Blob>}
 */
async function film({ space, model, codes: [from, to], method }, service) {
  const codes = interpolate(from, to, FILM.frames, method);
  const rgba = await new Promise((/** @type {(rgba: Uint8ClampedArray) => void} */ resolve) => {
    service.request("film", model, codes, FILM.frames, (answer) => resolve(answer.rgba));
  });
  const size = rgba.length / FILM.frames;
  const there = Array.from({ length: FILM.frames }, (_, k) => rgba.subarray(k * size, (k + 1) * size));
  const frames = [...there, ...there.slice(1, -1).reverse()];
  const delays = frames.map((_, k) => (k === 0 || k === FILM.frames - 1 ? FILM.end : FILM.each));
  return gif(frames, space.shape, { delays, scale: Math.ceil(LEAST_FRAME / space.shape[2]) });
}

/**
 * @param {Float32Array} codes  (steps, D)
 * @param {number} dims         D
 * @returns {string} a line for each picture: its number, its share of the way, its latent (RFC 4180)
 */
export function walkCsv(codes, dims) {
  const steps = codes.length / dims;
  const head = ["step", "t", ...Array.from({ length: dims }, (_, d) => `z_${d}`)];
  const lines = Array.from({ length: steps }, (_, step) => [
    step,
    Number((step / (steps - 1)).toPrecision(9)),
    ...Array.from(codes.subarray(step * dims, (step + 1) * dims), (value) => Number(value.toPrecision(9))),
  ]);
  return [head, ...lines].map((cells) => `${cells.join(",")}\r\n`).join("");
}

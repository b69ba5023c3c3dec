/**
 * A walk as rows of pictures on one grid: straight through the latent space, slerp where it is switched on, and the
 * plain blend of the two images' pixels.
 */

import { element, setText } from "../dom/dom.js";
import { fixed } from "../dom/format.js";
import { Sheet, splitRows } from "../dom/pictures.js";
import { arcReach, areOpposite, interpolate } from "../latent/codes.js";
import { codeOf, imageOf } from "../latent/space.js";

/** @typedef {import("../latent/codes.js").Method} Method */
/** @typedef {import("../latent/space.js").Space} Space */
/** @typedef {Method | "pixels"} RowName */
/** @typedef {{sheet: Sheet, caption: HTMLElement, element: HTMLElement}} Row */

/** @type {Record<RowName, {title: string, caption: string}>} */
const ROWS = {
  linear: { title: "Linear", caption: "the straight line from code to code" },
  one_by_one: { title: "One by one", caption: "the variables that differ change one after the other" },
  slerp: { title: "Slerp", caption: "an arc that keeps about the same distance from the centre" },
  pixels: { title: "Pixel blend", caption: "no model at all: one picture fades into the other" },
};

/** How many times as far out as its ends an arc may swing, as `arcReach` has it, before the caption says so. */
const FAR = 1.5;

export class WalkRows {
  /**
   * @param {import("../decode/service.js").DecodeService} service
   * @param {(t: number, method: Method | null, stamp: number) => void} onPoint  the hand is on a picture: the share
   *     of the way, and the row's method, where it has one
   */
  constructor(service, onPoint) {
    this.service = service;
    this.onPoint = onPoint;
    this.rows = {
      linear: this.#row("linear"),
      slerp: this.#row("slerp"),
      one_by_one: this.#row("one_by_one"),
      pixels: this.#row("pixels"),
    };
    this.element = element("div", { class: "le-rows", role: "group", "aria-label": "The walk" });
    /** Of the row whose path is on the map. @type {Method} */
    this.method = "linear";
    this.mark(this.method);
  }

  /** Mark the row whose path is on the map; slerp has one only then. @param {Method} method */
  mark(method) {
    this.method = method;
    const seen = this.#seen().map(([, row]) => row.element);
    if (
      seen.some((each, n) => this.element.children[n] !== each) ||
      this.element.childElementCount !== seen.length
    ) {
      this.element.replaceChildren(...seen);
    }
    for (const [name, row] of Object.entries(this.rows)) {
      row.element.classList.toggle("le-row-chosen", name === method);
    }
  }

  /** What of the rows goes into files. @returns {Array<{title: string, canvas: HTMLCanvasElement, isChosen: boolean}>} */
  get shown() {
    return this.#seen().map(([name, { sheet }]) => ({
      title: ROWS[name].title,
      canvas: sheet.canvas,
      isChosen: name === this.method,
    }));
  }

  /** @returns {Array<[RowName, Row]>} */
  #seen() {
    const names = /** @type {RowName[]} */ ([...this.#methods(), "pixels"]);
    return names.filter((name) => name !== "slerp" || this.method === name).map((
      name,
    ) => [name, this.rows[name]]);
  }

  /** @returns {Method[]} those whose pictures are made: between categories there is one way to go */
  #methods() {
    return this.method === "one_by_one" ? [this.method] : ["linear", "slerp"];
  }

  /**
   * @param {Space} space
   * @param {string} model              as the service knows it
   * @param {[number, number]} ends     probe images
   * @param {number} steps              pictures in a row
   */
  draw(space, model, ends, steps) {
    for (const { sheet } of Object.values(this.rows)) {
      if (sheet.columns !== steps || sheet.shape.join() !== space.shape.join()) {
        sheet.resize(space.shape, steps, 1);
      }
    }
    const [from, to] = ends.map((index) => codeOf(space, index));
    const methods = this.#methods();
    const codes = new Float32Array(methods.length * steps * space.dims);
    setText(this.rows.slerp.caption, slerpCaption(from, to));
    methods.forEach((method, n) => codes.set(interpolate(from, to, steps, method), n * steps * space.dims));
    const rows = methods.map((method) => this.rows[method]);
    this.service.request("rows", model, codes, steps, ({ start, rgba }) => {
      splitRows(rgba, space.shape, steps).forEach((row, n) => rows[start / steps + n].sheet.drawRgba(0, row));
    });
    this.#drawBlend(imageOf(space, ends[0]), imageOf(space, ends[1]), steps);
  }

  /** @param {Uint8Array} from @param {Uint8Array} to @param {number} steps */
  #drawBlend(from, to, steps) {
    const blend = new Float32Array(from.length);
    for (let step = 0; step < steps; step++) {
      const t = step / (steps - 1);
      for (let p = 0; p < blend.length; p++) blend[p] = from[p] * (1 - t) + to[p] * t;
      this.rows.pixels.sheet.draw(step, blend, 1);
    }
  }

  /** @param {RowName} name @returns {Row} */
  #row(name) {
    const { title, caption } = ROWS[name];
    const label = `${title}: ${caption}`;
    const sheet = new Sheet([1, 28, 28], 2, 1, { "aria-label": label, "data-role": `row-${name}` });
    /** @param {PointerEvent} event */
    const point = (event) => {
      const box = sheet.canvas.getBoundingClientRect();
      const step = sheet.at((event.clientX - box.left) / box.width, 0);
      this.onPoint(step / (sheet.columns - 1), name === "pixels" ? null : name, event.timeStamp);
    };
    if (name !== "pixels") sheet.canvas.addEventListener("pointermove", point);
    sheet.canvas.addEventListener("pointerdown", point);
    const words = element("span", { class: "le-fine" }, caption);
    return {
      sheet,
      caption: words,
      element: element(
        "figure",
        { class: "le-row" },
        element("figcaption", {}, element("strong", {}, title), " ", words),
        element("div", { class: "le-row-pictures" }, sheet.canvas),
      ),
    };
  }
}

/** @param {ArrayLike<number>} from  (D,) @param {ArrayLike<number>} to  (D,) @returns {string} what slerp's row shows */
function slerpCaption(from, to) {
  if (areOpposite(from, to)) {
    return "these two codes lie more than 170° apart: no arc is the shorter, so it walks straight";
  }
  const reach = arcReach(from, to);
  if (reach <= FAR) return ROWS.slerp.caption;
  return `these two codes lie almost opposite each other: the arc swings ${fixed(reach, 1)} times as far out`;
}

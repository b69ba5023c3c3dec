/**
 * One strip of pictures per dimension: what changes when this dimension alone goes from one end of the prior to the
 * other. The worker draws them; while the pinned latent moves they follow as fast as it can.
 */

import { dimensionName, element } from "./dom.js";
import { priorValues, traverse } from "./latent.js";
import { fixed } from "./numbers.js";
import { Sheet } from "./pixels.js";

/** @typedef {import("./space.js").Space} Space */

export const PICTURES = 9;

/** So much of the prior lies between the ends of a strip. */
const COVERAGE = 0.98;

export class Strips {
  /**
   * @param {import("./walk.js").Walk} walk
   * @param {import("./decode-service.js").DecodeService} service
   */
  constructor(walk, service) {
    this.walk = walk;
    this.service = service;
    this.caption = element("p", { class: "le-caption" });
    this.list = element("div", { class: "le-strip-list" });
    this.element = element(
      "section",
      { class: "le-strips", "aria-label": "What each dimension changes" },
      element("h3", {}, "What each dimension changes"),
      this.caption,
      this.list,
    );
    /** @type {Map<number, {sheet: Sheet, mark: HTMLElement, values: Float32Array}>} by dimension */
    this.rows = new Map();
    this.order = [];
    this.model = "";
    this.isBusy = false;
    this.isBehind = false;
    /** The pinned latent that was seen last. @type {Float32Array | null} */
    this.marked = null;
    this.unsubscribe = walk.subscribe((move) => {
      if (move.pinned === this.marked) return;
      this.marked = move.pinned;
      this.#placeMarks(move.pinned);
      this.#draw();
    });
  }

  /**
   * Make the strips of a model that the service knows.
   *
   * @param {Space} space
   * @param {string} model
   * @param {number[]} order
   * @param {ArrayLike<number>} weights         (D,)
   * @param {{name: string, unit: string}} what
   */
  make(space, model, order, weights, what) {
    this.model = model;
    this.order = order;
    this.isBusy = false;
    this.rows.clear();
    const [first, last] = [order[0], order[0]].map((dim, end) =>
      fixed(stripValues(space, dim)[end * (PICTURES - 1)]),
    );
    const ends = space.isGaussian
      ? `from ${first} to ${last}, between which ${COVERAGE * 100} % of the prior lie,`
      : "from one end of the images' codes to the other";
    this.caption.textContent = `Each row goes ${ends} in one dimension and keeps the others at the pinned latent. Click a picture to go there.`;
    this.list.replaceChildren(...order.map((dim) => this.#row(space, dim, weights[dim], what)));
    this.#placeMarks(this.walk.pinned);
    this.#draw();
  }

  close() {
    this.unsubscribe();
  }

  /** @param {Space} space @param {number} dim @param {number} weight @param {{name: string, unit: string}} what */
  #row(space, dim, weight, what) {
    const values = stripValues(space, dim);
    const sheet = new Sheet(space.shape, PICTURES, 1, {
      "data-role": `traversal-${dim}`,
      "aria-label": `What z${dim} changes, from ${fixed(values[0])} to ${fixed(values[PICTURES - 1])}`,
    });
    sheet.canvas.addEventListener("click", (event) => {
      const box = sheet.canvas.getBoundingClientRect();
      const z = Float32Array.from(this.walk.pinned);
      z[dim] = values[sheet.at((event.clientX - box.left) / box.width, 0)];
      this.walk.pin(z, { stamp: event.timeStamp });
    });
    const mark = element("span", { class: "le-strip-mark", "aria-hidden": "true" });
    this.rows.set(dim, { sheet, mark, values });
    return element(
      "div",
      { class: "le-strip" },
      element(
        "div",
        { class: "le-strip-name" },
        element("strong", {}, dimensionName(dim)),
        element("span", { title: `${what.name}, ${what.unit}` }, `${what.name} ${fixed(weight)}`),
      ),
      element("div", { class: "le-strip-pictures" }, sheet.canvas, mark),
    );
  }

  #draw() {
    if (!this.rows.size || this.walk.pinned.length !== this.order.length) return;
    if (this.isBusy) {
      this.isBehind = true;
      return;
    }
    this.isBusy = true;
    this.isBehind = false;
    const { pinned } = this.walk;
    const codes = new Float32Array(this.order.length * PICTURES * pinned.length);
    this.order.forEach((dim, row) => {
      codes.set(traverse(pinned, dim, this.rows.get(dim).values), row * PICTURES * pinned.length);
    });
    this.service.request("strips", this.model, codes, PICTURES, ({ start, rgba, isLast }) => {
      this.rows.get(this.order[start / PICTURES])?.sheet.drawRgba(0, rgba);
      if (!isLast) return;
      this.isBusy = false;
      if (this.isBehind) this.#draw();
    });
  }

  /** Show where in each strip the pinned latent is. */
  #placeMarks(pinned) {
    for (const [dim, { mark, values }] of this.rows) {
      const share = (pinned[dim] - values[0]) / (values[PICTURES - 1] - values[0]);
      // The first picture's middle stands for the first value, the last one's for the last.
      const at = (0.5 + share * (PICTURES - 1)) / PICTURES;
      mark.style.left = `${100 * Math.min(1, Math.max(0, at))}%`;
      mark.hidden = !Number.isFinite(at);
    }
  }
}

/**
 * @param {Space} space
 * @param {number} dim
 * @returns {Float32Array} (PICTURES,) evenly spaced between two quantiles: the prior's, or else the data's
 */
export function stripValues(space, dim) {
  if (space.isGaussian) return priorValues(PICTURES, COVERAGE);
  const values = Float32Array.from(
    { length: space.count },
    (_, n) => space.mean[n * space.dims + dim],
  ).sort();
  const tail = (1 - COVERAGE) / 2;
  let ends = [tail, 1 - tail].map((share) => values[Math.round(share * (values.length - 1))]);
  if (ends[0] === ends[1]) ends = [ends[0] - 1, ends[0] + 1];
  return Float32Array.from(
    { length: PICTURES },
    (_, k) => ends[0] + ((ends[1] - ends[0]) * k) / (PICTURES - 1),
  );
}

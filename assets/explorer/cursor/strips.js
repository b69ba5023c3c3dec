/**
 * One strip of pictures per dimension: what changes when this dimension alone goes from one end of the prior, or of
 * the images' codes, to the other. The worker draws them; while the pinned latent moves they follow as fast as it can.
 */

import { dimensionName, element } from "../dom/dom.js";
import { FoldedTable } from "../dom/folded-table.js";
import { fixed } from "../dom/format.js";
import { Sheet } from "../dom/pictures.js";
import { traverse } from "../latent/codes.js";
import { nearestPoints } from "../latent/projection.js";
import { labelOf } from "../latent/space.js";
import { STRIP_COVERAGE, stripStops } from "./ranges.js";
import { deadSentence } from "./sliders.js";

/** @typedef {import("../latent/space.js").Space} Space */

export const PICTURES = 9;

/** Which stop an arrow key goes to, from the one nearest to the pinned latent. */
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -PICTURES, End: PICTURES };

export class Strips {
  /**
   * @param {import("./cursor.js").Cursor} cursor
   * @param {import("../decode/service.js").DecodeService} service
   */
  constructor(cursor, service) {
    this.cursor = cursor;
    this.service = service;
    this.caption = element("p", { class: "le-caption" });
    this.list = element("div", { class: "le-strip-list" });
    this.deadList = element("div", { class: "le-strip-list" });
    this.deadTitle = element("summary", { class: "le-caption" });
    this.dead = element(
      "details",
      { class: "le-folded", toggle: () => this.#draw() },
      this.deadTitle,
      this.deadList,
    );
    this.table = new FoldedTable("The nearest real image's class at each stop", () => this.#content());
    this.element = element(
      "section",
      { class: "le-strips", "aria-label": "What each dimension changes" },
      element("h2", {}, "What each dimension changes"),
      this.caption,
      this.list,
      this.dead,
      this.table.element,
    );
    /** By dimension. @type {Map<number, {sheet: Sheet, mark: HTMLElement, handle: HTMLElement, values: Float32Array}>} */
    this.rows = new Map();
    this.order = [];
    /** @type {Set<number>} */
    this.asleep = new Set();
    this.model = "";
    this.isBusy = false;
    this.isBehind = false;
    /** The pinned latent that was seen last. @type {Float32Array | null} */
    this.marked = null;
    this.unsubscribe = cursor.subscribe((move) => {
      if (move.pinned === this.marked) return;
      this.marked = move.pinned;
      this.#placeMarks(move.pinned);
      this.#draw();
      this.table.refresh();
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
   * @param {Set<number>} [dead]                dimensions to fold away
   * @param {import("./ranges.js").RangeBy} [by]
   */
  make(space, model, order, weights, what, dead = new Set(), by = space.isGaussian ? "prior" : "data") {
    this.space = space;
    this.model = model;
    this.order = order;
    this.asleep = dead;
    this.rows.clear();
    const row = (dim) => this.#row(dim, weights[dim], what);
    this.list.replaceChildren(...order.filter((dim) => !dead.has(dim)).map(row));
    this.deadList.replaceChildren(...order.filter((dim) => dead.has(dim)).map(row));
    this.dead.hidden = !dead.size;
    this.dead.open = dead.size === order.length;
    this.deadTitle.replaceChildren(deadSentence(order.filter((dim) => dead.has(dim))));
    this.setRange(by);
  }

  /** @param {import("./ranges.js").RangeBy} by */
  setRange(by) {
    if (!this.space) return;
    for (const [dim, row] of this.rows) this.#setStops(dim, row, stripStops(this.space, dim, by, PICTURES));
    const [low, high] = [0, PICTURES - 1].map((k) => fixed(this.rows.get(this.order[0]).values[k]));
    const ends = by === "prior"
      ? `from ${low} to ${high}, between which ${STRIP_COVERAGE * 100} % of the prior lie,`
      : `over the middle ${STRIP_COVERAGE * 100} % of the images' codes`;
    this.caption.textContent =
      `Each row goes ${ends} in one dimension and keeps the others at the pinned latent. ` +
      "Click a picture to go there.";
    this.isBusy = false;
    this.#placeMarks(this.cursor.pinned);
    this.#draw();
    this.table.refresh();
  }

  close() {
    this.unsubscribe();
  }

  #setStops(dim, row, values) {
    row.values = values;
    const [first, last] = [values[0], values[PICTURES - 1]];
    const label = `What z${dim} changes, from ${fixed(first)} to ${fixed(last)}`;
    row.sheet.canvas.setAttribute("aria-label", label);
    row.handle.setAttribute("aria-valuemin", first.toFixed(2));
    row.handle.setAttribute("aria-valuemax", last.toFixed(2));
  }

  /** @param {number} dim @param {number} weight @param {{name: string, unit: string}} what */
  #row(dim, weight, what) {
    const sheet = new Sheet(this.space.shape, PICTURES, 1, { "data-role": `traversal-${dim}` });
    sheet.canvas.addEventListener("click", (event) => {
      const box = sheet.canvas.getBoundingClientRect();
      this.#go(dim, sheet.at((event.clientX - box.left) / box.width, 0), event.timeStamp);
    });
    const mark = element("span", { class: "le-strip-mark", "aria-hidden": "true" });
    const handle = element(
      "div",
      { class: "le-strip-pictures", role: "slider", tabindex: "0", "aria-label": `Stops of z${dim}` },
      sheet.canvas,
      mark,
    );
    handle.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#go(dim, this.#stopOf(dim) + step, event.timeStamp);
    });
    this.rows.set(dim, { sheet, mark, handle, values: new Float32Array(PICTURES) });
    return element(
      "div",
      { class: "le-strip" },
      element(
        "div",
        { class: "le-strip-name le-numbers" },
        element("strong", {}, dimensionName(dim)),
        element(
          "span",
          { class: "le-caption", title: `${what.name}, ${what.unit}` },
          `${what.name} ${fixed(weight)}`,
        ),
      ),
      handle,
    );
  }

  /** Pin one of a strip's stops. @param {number} dim @param {number} stop @param {number} stamp */
  #go(dim, stop, stamp) {
    const { values } = this.rows.get(dim);
    const z = Float32Array.from(this.cursor.pinned);
    z[dim] = values[Math.min(PICTURES - 1, Math.max(0, stop))];
    this.cursor.pin(z, { stamp });
  }

  /** @param {number} dim @returns {number} the stop nearest to the pinned latent */
  #stopOf(dim) {
    const { values } = this.rows.get(dim);
    const at = (this.cursor.pinned[dim] - values[0]) / (values[PICTURES - 1] - values[0]);
    return Math.min(PICTURES - 1, Math.max(0, Math.round(at * (PICTURES - 1))));
  }

  #draw() {
    if (!this.rows.size || this.cursor.pinned.length !== this.order.length) return;
    if (this.isBusy) {
      this.isBehind = true;
      return;
    }
    this.isBusy = true;
    this.isBehind = false;
    const { pinned } = this.cursor;
    const dims = this.order.filter((dim) => !this.asleep.has(dim) || this.dead.open);
    const codes = new Float32Array(dims.length * PICTURES * pinned.length);
    dims.forEach((dim, row) => {
      codes.set(traverse(pinned, dim, this.rows.get(dim).values), row * PICTURES * pinned.length);
    });
    this.service.request("strips", this.model, codes, PICTURES, ({ start, rgba, isLast }) => {
      this.rows.get(dims[start / PICTURES])?.sheet.drawRgba(0, rgba);
      if (!isLast) return;
      this.isBusy = false;
      if (this.isBehind) this.#draw();
    });
  }

  /** Show where in each strip the pinned latent is. */
  #placeMarks(pinned) {
    if (pinned.length !== this.order.length) return; // another run's latent: its strips are on their way
    for (const [dim, { mark, handle, values }] of this.rows) {
      const share = (pinned[dim] - values[0]) / (values[PICTURES - 1] - values[0]);
      // The first picture's middle stands for the first value, the last one's for the last.
      const at = (0.5 + share * (PICTURES - 1)) / PICTURES;
      mark.style.left = `${100 * Math.min(1, Math.max(0, at))}%`;
      mark.hidden = !Number.isFinite(at);
      handle.setAttribute("aria-valuenow", pinned[dim].toFixed(2));
    }
  }

  /** @returns {import("../dom/folded-table.js").TableContent} */
  #content() {
    const { space, cursor } = this;
    const rows = this.order.map((dim) => {
      const { values } = this.rows.get(dim);
      const codes = traverse(cursor.pinned, dim, values);
      const names = Array.from(values, (value, k) => {
        const z = codes.subarray(k * space.dims, (k + 1) * space.dims);
        const [nearest] = nearestPoints(z, space.mean, 1).indices;
        return `${fixed(value)}: ${labelOf(space, nearest) || `image ${nearest}`}`;
      });
      return [`z${dim}`, ...names];
    });
    const head = ["Dimension", ...Array.from({ length: PICTURES }, (_, k) => `Stop ${k + 1}`)];
    return { head, rows };
  }
}

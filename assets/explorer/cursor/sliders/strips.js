/**
 * One strip of pictures per dimension: what changes when this dimension alone goes from one end of the prior, or of
 * the images' codes, to the other. The worker draws them; while the pinned latent moves they follow as fast as it can.
 */

import { dimensionName, element } from "../../dom/dom.js";
import { FoldedTable } from "../../dom/folded-table.js";
import { fixed } from "../../dom/format.js";
import { Sheet, splitRows } from "../../dom/pictures.js";
import { traverse } from "../../latent/codes.js";
import { nearestCodes } from "../../latent/nearest-codes.js";
import { labelOf } from "../../latent/space.js";
import { valueText } from "../code-text.js";
import { STRIP_COVERAGE, stripStops } from "./ranges.js";
import { deadSentence } from "./sliders.js";

/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("../../latent/space.js").Carried} Carried */

/**
 * @typedef {object} Strip           of one dimension
 * @property {Sheet} sheet           its pictures
 * @property {HTMLElement} mark      where the pinned latent is
 * @property {HTMLElement} handle    what keys move
 * @property {Float32Array} values   the dimension's at each picture, (stops,)
 */

/** How many pictures a strip has, unless it has one for each category. */
const PICTURES = 9;

/** How many stops a key goes on, from the one nearest to the pinned latent. @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -Infinity, End: Infinity };

export class Strips {
  /**
   * @param {import("../cursor.js").Cursor} cursor
   * @param {import("../../decode/service.js").DecodeService} service
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
    /** @type {Space | null} */
    this.space = null;
    /** By dimension, from top to bottom. @type {Map<number, Strip>} */
    this.strips = new Map();
    /** Dimensions that are folded away. @type {Set<number>} */
    this.asleep = new Set();
    this.model = "";
    /** How many pictures each has. */
    this.stops = PICTURES;
    this.tellDrawn = () => {};
    /** Fulfilled when they have been drawn for the first time. @type {Promise<void>} */
    this.firstDrawn = new Promise((resolve) => {
      this.tellDrawn = resolve;
    });
    /** Whether pictures are on their way. */
    this.isBusy = false;
    /** Whether the pinned latent has moved since they were asked for. */
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
   * @param {number[]} order                    dimensions, from top to bottom
   * @param {ArrayLike<number>} weights         (D,) what each carries
   * @param {Carried} what                      what the weights are
   * @param {Set<number>} [dead]                dimensions to fold away
   * @param {import("./ranges.js").RangeBy} [by]
   */
  make(space, model, order, weights, what, dead = new Set(), by = space.isGaussian ? "prior" : "data") {
    this.space = space;
    this.model = model;
    this.stops = space.config.categories || PICTURES;
    this.asleep = dead;
    this.strips.clear();
    /** @type {[HTMLElement[], HTMLElement[]]} */
    const [alive, asleep] = [[], []];
    for (const dim of order) (dead.has(dim) ? asleep : alive).push(this.#row(space, dim, weights[dim], what));
    this.list.replaceChildren(...alive);
    this.deadList.replaceChildren(...asleep);
    this.dead.hidden = !dead.size;
    this.dead.open = dead.size === order.length;
    this.deadTitle.replaceChildren(deadSentence(order.filter((dim) => dead.has(dim))));
    this.setRange(by);
  }

  /** @param {import("./ranges.js").RangeBy} by */
  setRange(by) {
    const { space, stops, strips } = this;
    if (!space) return;
    for (const [dim, strip] of strips) this.#setStops(space, dim, strip, stripStops(space, dim, by, stops));
    const [first] = strips.values();
    const [low, high] = [first.values[0], first.values[stops - 1]];
    const ends = space.config.categories
      ? `through all ${stops} categories`
      : by === "prior"
      ? `from ${fixed(low)} to ${fixed(high)}, between which ${STRIP_COVERAGE * 100} % of the prior lie,`
      : `over the middle ${STRIP_COVERAGE * 100} % of the images' codes`;
    this.caption.textContent =
      `Each row goes ${ends} in one dimension and keeps the others at the pinned latent. ` +
      "Click a picture to go there.";
    this.#placeMarks(this.cursor.pinned);
    this.redraw();
    this.table.refresh();
  }

  /** The same latents are other pictures now. */
  redraw() {
    this.isBusy = false;
    this.#draw();
  }

  close() {
    this.unsubscribe();
  }

  /** @param {Space} space @param {number} dim @param {Strip} strip @param {Float32Array} values  (stops,) */
  #setStops(space, dim, strip, values) {
    strip.values = values;
    const [first, last] = [values[0], values[values.length - 1]];
    const label = `What z${dim} changes, from ${valueText(first, space)} to ${valueText(last, space)}`;
    strip.sheet.canvas.setAttribute("aria-label", label);
    strip.handle.setAttribute("aria-valuemin", first.toFixed(2));
    strip.handle.setAttribute("aria-valuemax", last.toFixed(2));
  }

  /**
   * @param {Space} space
   * @param {number} dim
   * @param {number} weight
   * @param {Carried} what
   */
  #row(space, dim, weight, what) {
    const sheet = new Sheet(space.shape, this.stops, 1, { "data-role": `traversal-${dim}` });
    sheet.canvas.addEventListener("click", (event) => {
      const box = sheet.canvas.getBoundingClientRect();
      this.#go(dim, strip, sheet.at((event.clientX - box.left) / box.width, 0), event.timeStamp);
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
      this.#go(dim, strip, this.#stopOf(dim, strip) + step, event.timeStamp);
    });
    const strip = { sheet, mark, handle, values: new Float32Array(this.stops) };
    this.strips.set(dim, strip);
    return element(
      "div",
      { class: "le-strip" },
      element(
        "div",
        { class: "le-strip-name le-numbers" },
        element("strong", {}, dimensionName(dim)),
        what.name
          ? element(
            "span",
            { class: "le-caption", title: `${what.name}, ${what.unit}` },
            `${what.name} ${fixed(weight)}`,
          )
          : "",
      ),
      handle,
    );
  }

  /**
   * Pin one of a strip's stops.
   *
   * @param {number} dim
   * @param {Strip} strip
   * @param {number} stop  beyond the ends: the first or the last
   * @param {number} stamp
   */
  #go(dim, { values }, stop, stamp) {
    const z = Float32Array.from(this.cursor.pinned);
    z[dim] = values[Math.min(values.length - 1, Math.max(0, stop))];
    this.cursor.pin(z, { stamp });
  }

  /** @param {number} dim @param {Strip} strip @returns {number} the stop nearest to the pinned latent */
  #stopOf(dim, { values }) {
    const last = values.length - 1;
    const at = (this.cursor.pinned[dim] - values[0]) / (values[last] - values[0]);
    return Math.min(last, Math.max(0, Math.round(at * last)));
  }

  #draw() {
    if (!this.space || !this.strips.size || this.cursor.pinned.length !== this.strips.size) return;
    if (this.isBusy) {
      this.isBehind = true;
      return;
    }
    this.isBusy = true;
    this.isBehind = false;
    const { pinned } = this.cursor;
    const { stops, space: { shape } } = this;
    const seen = [...this.strips].filter(([dim]) => !this.asleep.has(dim) || this.dead.open);
    const codes = new Float32Array(seen.length * stops * pinned.length);
    seen.forEach(([dim, { values }], row) => {
      codes.set(traverse(pinned, dim, values), row * stops * pinned.length);
    });
    this.service.request("strips", this.model, codes, stops, ({ start, rgba, isLast }) => {
      splitRows(rgba, shape, stops).forEach((row, n) => seen[start / stops + n][1].sheet.drawRgba(0, row));
      if (!isLast) return;
      this.tellDrawn();
      this.isBusy = false;
      if (this.isBehind) this.#draw();
    });
  }

  /** Mark where in each strip the pinned latent is. @param {Float32Array} pinned  (D,) */
  #placeMarks(pinned) {
    if (pinned.length !== this.strips.size) return; // another run's latent: its strips are on their way
    for (const [dim, { mark, handle, values }] of this.strips) {
      const last = values.length - 1;
      const share = (pinned[dim] - values[0]) / (values[last] - values[0]);
      // The first picture's middle stands for the first value, the last one's for the last.
      const at = (0.5 + share * last) / (last + 1);
      mark.style.left = `${100 * Math.min(1, Math.max(0, at))}%`;
      mark.hidden = !Number.isFinite(at);
      handle.setAttribute("aria-valuenow", pinned[dim].toFixed(2));
    }
  }

  /** @returns {import("../../dom/folded-table.js").TableContent} */
  #content() {
    const { space, strips, cursor } = this;
    if (!space) return { head: ["Dimension"], rows: [] };
    const rows = Array.from(strips, ([dim, { values }]) => {
      const codes = traverse(cursor.pinned, dim, values);
      const names = Array.from(values, (value, k) => {
        const z = codes.subarray(k * space.dims, (k + 1) * space.dims);
        const [nearest] = nearestCodes(z, space, 1).indices;
        if (nearest === undefined) return valueText(value, space);
        return `${valueText(value, space)}: ${labelOf(space, nearest) || `image ${nearest}`}`;
      });
      return [`z${dim}`, ...names];
    });
    const head = ["Dimension", ...Array.from({ length: this.stops }, (_, k) => `Stop ${k + 1}`)];
    return { head, rows };
  }
}

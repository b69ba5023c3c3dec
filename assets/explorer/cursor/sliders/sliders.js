/**
 * One slider per latent dimension, the one that carries most first, with what it carries beside it.
 *
 * Where the images' codes are known, each track shows where they lie (mean and deviation of the aggregate posterior)
 * between brackets for the prior's own deviation. Dead dimensions are folded away.
 */

import { dimensionName, element, setText } from "../../dom/dom.js";
import { FoldedTable } from "../../dom/folded-table.js";
import { fixed } from "../../dom/format.js";

/** @typedef {import("../cursor.js").Cursor} Cursor */
/** @typedef {import("../../latent/space.js").Carried} Carried */
/** @typedef {import("../../latent/posterior.js").Aggregate} Aggregate */

/**
 * @typedef {object} Row
 * @property {HTMLInputElement} input
 * @property {HTMLElement} track
 * @property {HTMLElement} value
 * @property {HTMLElement} weight
 * @property {HTMLElement} bar
 */

/**
 * @typedef {object} Codes          what is known of the images' codes
 * @property {Aggregate} aggregate
 * @property {Set<number>} dead
 * @property {boolean} hasPrior
 */

export class Sliders {
  /**
   * @param {Cursor} cursor
   * @param {() => void} [onTouch]  the pointer is on a slider, or a slider has the focus
   * @param {HTMLElement | null} [actions]  more to stand above the sliders
   */
  constructor(cursor, onTouch = () => {}, actions = null) {
    this.cursor = cursor;
    this.onTouch = onTouch;
    this.heading = element("div", { class: "le-slider-head le-caption", "aria-hidden": "true" });
    this.key = element("p", { class: "le-caption le-slider-key", hidden: true });
    this.list = element("div", { class: "le-slider-list" });
    this.deadList = element("div", { class: "le-slider-list" });
    this.deadTitle = element("summary", { class: "le-caption" });
    this.dead = element(
      "details",
      { class: "le-folded" },
      this.deadTitle,
      element(
        "p",
        { class: "le-caption" },
        "The model says the same about every image here: the variance of the codes is at most 0.01.",
      ),
      this.deadList,
    );
    this.table = new FoldedTable(
      "The pinned latent and the images' codes, by dimension",
      () => this.#content(),
    );
    this.element = element(
      "section",
      { class: "le-sliders le-numbers", "aria-label": "Latent dimensions" },
      actions,
      this.key,
      this.heading,
      this.list,
      this.dead,
      this.table.element,
    );
    /** @type {Map<number, Row>} by dimension */
    this.rows = new Map();
    /** @type {Codes | null} */
    this.codes = null;
    /** Of each dimension, whose sliders choose one of them; 0: they are numbers. */
    this.categories = 0;
    /** Of the values. */
    this.decimals = 2;
    /** @type {Carried} */
    this.what = { name: "", unit: "" };
    /** What each dimension carries, (D,). @type {ArrayLike<number>} */
    this.weights = [];
    /** When the pointer moved last on a slider, as in `Event.timeStamp`: its own event comes before the slider's. */
    this.pointerStamp = 0;
    this.unsubscribe = cursor.subscribe((move) => this.#follow(move));
  }

  /**
   * Make the rows.
   *
   * @param {number[]} order                     dimensions, from top to bottom
   * @param {ArrayLike<number>} weights          (D,) what each carries
   * @param {Array<[number, number]>} ranges     (D,)
   * @param {Carried} what                       what the weights are
   * @param {Codes | null} [codes]               of images that stay as they are
   * @param {number} [categories]                of each dimension: sliders choose one; 0: they are numbers
   */
  make(order, weights, ranges, what, codes = null, categories = 0) {
    this.codes = codes;
    this.categories = categories;
    this.decimals = categories ? 0 : 2;
    this.what = what;
    this.heading.replaceChildren(
      element("span", {}, categories ? "Variable" : "Dimension"),
      element("span", {}),
      element("span", {}, categories ? "Category" : "Value"),
      element("span", { title: [what.name, what.unit].filter(Boolean).join(", ") }, what.name),
    );
    this.element.classList.toggle("le-carries-nothing", !what.name);
    this.#explain();
    this.rows.clear();
    const dead = codes?.dead ?? new Set();
    const [alive, asleep] = [order.filter((dim) => !dead.has(dim)), order.filter((dim) => dead.has(dim))];
    this.list.replaceChildren(...alive.map((dim) => this.#row(dim, what)));
    this.deadList.replaceChildren(...asleep.map((dim) => this.#row(dim, what)));
    this.dead.hidden = !asleep.length;
    this.dead.open = !alive.length;
    this.deadTitle.replaceChildren(deadSentence(asleep));
    this.setRanges(ranges);
    this.setWeights(weights);
    this.table.refresh();
  }

  /** @param {Array<[number, number]>} ranges  (D,) */
  setRanges(ranges) {
    for (const [dim, { input, track }] of this.rows) {
      const [least, greatest] = ranges[dim];
      Object.assign(input, { min: String(least), max: String(greatest) });
      input.value = String(this.cursor.z[dim]);
      /** @param {number} value */
      const share = (value) => Math.min(1, Math.max(0, (value - least) / (greatest - least)));
      /** @param {"images" | "prior"} name @param {number} low @param {number} high */
      const between = (name, low, high) => {
        track.style.setProperty(`--le-${name}-from`, String(share(low)));
        track.style.setProperty(`--le-${name}-to`, String(share(high)));
      };
      track.style.setProperty("--le-zero", String(share(0)));
      if (!this.codes) continue;
      const { mean, variance } = this.codes.aggregate;
      const deviation = Math.sqrt(variance[dim]);
      between("images", mean[dim] - deviation, mean[dim] + deviation);
      between("prior", -1, 1);
    }
  }

  /** @param {ArrayLike<number>} weights  (D,) */
  setWeights(weights) {
    this.weights = weights;
    const most = Math.max(1e-9, ...Array.from(weights));
    for (const [dim, row] of this.rows) {
      setText(row.weight, fixed(weights[dim]));
      row.bar.style.transform = `scaleX(${Math.max(0, weights[dim] / most)})`;
    }
  }

  close() {
    this.unsubscribe();
  }

  /** Say what the marks on the tracks are. */
  #explain() {
    this.key.hidden = !this.codes;
    if (!this.codes) return;
    /** @param {"images" | "prior"} name */
    const mark = (name) =>
      element("span", { class: `le-track-sample le-track-${name}`, "aria-hidden": "true" });
    this.key.replaceChildren(
      mark("images"),
      "images' codes, ±1 deviation",
      ...(this.codes.hasPrior ? [mark("prior"), "prior, ±1"] : []),
    );
  }

  /** @param {number} dim @param {Carried} what */
  #row(dim, what) {
    const input = element("input", {
      type: "range",
      step: this.categories ? "1" : "0.01",
      "data-role": `slider-${dim}`,
      "aria-label": `z${dim}`,
      title: this.#title(dim),
    });
    const value = element("span", { class: "le-slider-value", "aria-hidden": "true" });
    const weight = element("span", { class: "le-slider-weight", title: `${what.name}, ${what.unit}` });
    const bar = element("span", { class: "le-slider-bar", "aria-hidden": "true" });
    const marks = this.codes ? ["images", ...(this.codes.hasPrior ? ["prior"] : [])] : [];
    const track = element(
      "span",
      { class: "le-slider-track" },
      ...marks.map((name) => element("span", { class: `le-track-${name}`, "aria-hidden": "true" })),
      input,
    );
    for (const type of ["pointermove", "pointerdown"]) {
      input.addEventListener(type, (event) => {
        this.pointerStamp = event.timeStamp;
        this.onTouch();
      });
    }
    input.addEventListener("input", (event) => this.#choose(dim, input.valueAsNumber, event));
    input.addEventListener("focus", () => this.onTouch());
    // A double click puts the dimension back to the middle of the prior, or to the first category.
    input.addEventListener("dblclick", (event) => this.#choose(dim, 0, event));
    this.rows.set(dim, { input, track, value, weight, bar });
    return element(
      "label",
      { class: "le-slider" },
      element("span", { class: "le-slider-name" }, dimensionName(dim)),
      track,
      value,
      element("span", { class: "le-slider-carries" }, bar, weight),
    );
  }

  /** @param {number} dim @returns {string | null} */
  #title(dim) {
    if (!this.codes) return null;
    const { mean, variance } = this.codes.aggregate;
    const prior = this.codes.hasPrior ? "; the prior: 0 and 1" : "";
    return `The images' codes: mean ${fixed(mean[dim])}, variance ${fixed(variance[dim])}${prior}`;
  }

  /** @param {number} dim @param {number} number  its new value @param {Event} event */
  #choose(dim, number, event) {
    this.onTouch();
    const z = Float32Array.from(this.cursor.pinned);
    z[dim] = number;
    const recent = event.timeStamp - this.pointerStamp < 50;
    this.cursor.pin(z, { stamp: recent ? this.pointerStamp : event.timeStamp });
  }

  /** @param {import("../cursor.js").Move} move */
  #follow({ z, isHover }) {
    for (const [dim, { input, value }] of this.rows) {
      const text = fixed(z[dim], this.decimals);
      if (value.textContent === text) continue;
      value.textContent = text;
      if (input.valueAsNumber !== z[dim]) input.value = String(z[dim]);
    }
    if (!isHover) this.table.refresh();
  }

  /** @returns {import("../../dom/folded-table.js").TableContent} */
  #content() {
    const { codes, what, weights } = this;
    const prior = codes?.hasPrior ? " (prior: 0)" : "";
    const head = ["Dimension", "Pinned at", ...(what.name ? [what.name] : [])];
    if (codes) {
      head.push(`Mean of the images' codes${prior}`, `Their variance${prior.replace("0", "1")}`, "In use");
    }
    const rows = Array.from(this.rows.keys(), (dim) => [
      `z${dim}`,
      fixed(this.cursor.pinned[dim], this.decimals),
      ...(what.name ? [fixed(weights[dim])] : []),
      ...(codes
        ? [
          fixed(codes.aggregate.mean[dim]),
          fixed(codes.aggregate.variance[dim]),
          codes.dead.has(dim) ? "no, dead" : "yes",
        ]
        : []),
    ]);
    return { head, rows };
  }
}

/** @param {number[]} dims @returns {string} e.g. "2 dead dimensions: z1, z14" */
export function deadSentence(dims) {
  const names = dims.length > 12 ? "" : `: ${dims.map((dim) => `z${dim}`).join(", ")}`;
  return `${dims.length} dead ${dims.length === 1 ? "dimension" : "dimensions"}${names}`;
}

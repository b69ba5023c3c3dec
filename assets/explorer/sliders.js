/** One slider per latent dimension, the one that carries most first, with what it carries beside it. */

import { dimensionName, element, setText } from "./dom.js";
import { fixed } from "./numbers.js";

/** @typedef {import("./walk.js").Walk} Walk */

/**
 * @typedef {object} Row
 * @property {HTMLInputElement} input
 * @property {HTMLElement} value
 * @property {HTMLElement} weight
 * @property {HTMLElement} bar
 */

export class Sliders {
  /**
   * @param {Walk} walk
   * @param {() => void} [onHand]  a slider is touched
   */
  constructor(walk, onHand = () => {}) {
    this.walk = walk;
    this.onHand = onHand;
    this.heading = element("div", { class: "le-slider-head", "aria-hidden": "true" });
    this.list = element("div", { class: "le-slider-list" });
    this.element = element(
      "section",
      { class: "le-sliders", "aria-label": "Latent dimensions" },
      this.heading,
      this.list,
    );
    /** @type {Map<number, Row>} by dimension */
    this.rows = new Map();
    this.pointerStamp = 0;
    this.unsubscribe = walk.subscribe((move) => this.#show(move.z));
  }

  /**
   * Make the rows.
   *
   * @param {number[]} order                     dimensions, from top to bottom
   * @param {ArrayLike<number>} weights          (D,) what each carries
   * @param {Array<[number, number]>} ranges     (D,)
   * @param {{name: string, unit: string}} what  the weights are, e.g. KL in nats
   */
  make(order, weights, ranges, what) {
    this.heading.replaceChildren(
      element("span", {}, "Dimension"),
      element("span", {}),
      element("span", {}, "Value"),
      element("span", { title: `${what.name}, ${what.unit}` }, what.name),
    );
    this.rows.clear();
    this.list.replaceChildren(...order.map((dim) => this.#row(dim, ranges[dim], what)));
    this.setWeights(weights);
    this.#show(this.walk.z);
  }

  /** @param {ArrayLike<number>} weights  (D,) */
  setWeights(weights) {
    const most = Math.max(1e-9, ...Array.from(weights));
    for (const [dim, row] of this.rows) {
      setText(row.weight, fixed(weights[dim]));
      row.bar.style.transform = `scaleX(${Math.max(0, weights[dim] / most)})`;
    }
  }

  close() {
    this.unsubscribe();
  }

  /** @param {number} dim @param {[number, number]} range @param {{name: string, unit: string}} what */
  #row(dim, [least, greatest], what) {
    const input = element("input", {
      type: "range",
      min: least,
      max: greatest,
      step: "0.01",
      "data-role": `slider-${dim}`,
      "aria-label": `z${dim}`,
    });
    const value = element("span", { class: "le-slider-value", "aria-hidden": "true" });
    const weight = element("span", { class: "le-slider-weight", title: `${what.name}, ${what.unit}` });
    const bar = element("span", { class: "le-slider-bar", "aria-hidden": "true" });
    for (const type of ["pointermove", "pointerdown"]) {
      input.addEventListener(type, (event) => {
        this.pointerStamp = event.timeStamp;
        this.onHand();
      });
    }
    input.addEventListener("input", (event) => this.#choose(dim, input.valueAsNumber, event));
    input.addEventListener("focus", () => this.onHand());
    // A double click puts the dimension back to the middle of the prior.
    input.addEventListener("dblclick", (event) => this.#choose(dim, 0, event));
    this.rows.set(dim, { input, value, weight, bar });
    return element(
      "label",
      { class: "le-slider" },
      element("span", { class: "le-slider-name" }, dimensionName(dim)),
      input,
      value,
      element("span", { class: "le-slider-carries" }, bar, weight),
    );
  }

  #choose(dim, number, event) {
    this.onHand();
    const z = Float32Array.from(this.walk.pinned);
    z[dim] = number;
    const recent = event.timeStamp - this.pointerStamp < 50;
    this.walk.pin(z, { stamp: recent ? this.pointerStamp : event.timeStamp });
  }

  /** @param {Float32Array} z */
  #show(z) {
    for (const [dim, { input, value }] of this.rows) {
      const text = fixed(z[dim]);
      if (value.textContent === text) continue;
      value.textContent = text;
      if (input.valueAsNumber !== z[dim]) input.value = String(z[dim]);
    }
  }
}

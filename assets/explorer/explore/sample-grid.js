/**
 * Samples side by side, each a button that pins it; beside each, if wanted, the image nearest to it. One stop of Tab for
 * all of them: arrow keys go along and across.
 */

import { element, setText } from "../dom/dom.js";
import { Picture } from "../dom/pictures.js";

/** @typedef {import("../dom/pictures.js").Shape} Shape */

/**
 * @typedef {object} Cell
 * @property {HTMLButtonElement} button
 * @property {Picture} sample
 * @property {Picture} nearest
 * @property {HTMLElement} words  on the nearest image
 * @property {string} name
 */

export class SampleGrid {
  /** @param {(sample: number, stamp: number) => void} onPick */
  constructor(onPick) {
    this.onPick = onPick;
    /** @type {Cell[]} */
    this.cells = [];
    /** Whether the nearest images are shown. */
    this.hasNearest = false;
    this.element = element("div", {
      class: "le-samples",
      "data-role": "samples",
      role: "group",
      "aria-label": "Samples, arrow keys go along and across",
      focusin: (event) => this.#stopAt(this.#indexOf(event)),
      keydown: (event) => this.#go(event),
    });
  }

  /**
   * Make room for other samples.
   *
   * @param {Shape} shape
   * @param {string[]} names            one for each
   * @param {{wide: number, narrow: number}} columns  on a page and on a phone, without the nearest images
   */
  make(shape, names, columns) {
    this.element.style.setProperty("--le-columns", String(columns.wide));
    this.element.style.setProperty("--le-few-columns", String(columns.narrow));
    this.element.style.setProperty("--le-pair-columns", String(columns.wide / 2));
    this.element.style.setProperty("--le-few-pair-columns", String(columns.narrow / 2));
    this.cells = names.map((name, k) => this.#cell(shape, name, k));
    this.element.replaceChildren(...this.cells.map(({ button }) => button));
    this.#stopAt(0);
  }

  /** @param {boolean} hasNearest */
  showNearest(hasNearest) {
    this.hasNearest = hasNearest;
    this.element.classList.toggle("le-samples-paired", hasNearest);
    for (const cell of this.cells) this.#forget(cell);
  }

  /** Draw a sample, whose nearest image is not known yet. @param {number} k @param {Float32Array} pixels  in [0, 1] */
  draw(k, pixels) {
    this.cells[k].sample.draw(pixels);
    this.#forget(this.cells[k]);
  }

  /**
   * @param {number} k
   * @param {Uint8Array} bytes  the image nearest to it
   * @param {string} name       of the image
   * @param {string} distance
   */
  drawNearest(k, bytes, name, distance) {
    const { nearest, words, button, name: sample } = this.cells[k];
    nearest.drawBytes(bytes);
    setText(words, distance);
    button.setAttribute("aria-label", `${sample}, nearest ${name}, mean squared error ${distance}`);
    button.title = `Nearest: ${name}`;
  }

  /** Mark the sample that is pinned. @param {number} k  -1: none */
  mark(k) {
    this.cells.forEach(({ button }, n) => button.setAttribute("aria-pressed", String(n === k)));
  }

  /** @param {Cell} cell */
  #forget({ nearest, words, button, name }) {
    nearest.clear();
    setText(words, "\u2007"); // as high as a number
    button.setAttribute("aria-label", name);
    button.title = "Pin its latent";
  }

  /** @param {Shape} shape @param {string} name @param {number} k @returns {Cell} */
  #cell(shape, name, k) {
    const sample = new Picture(shape, { role: null, "aria-hidden": "true" });
    const nearest = new Picture(shape, { role: null, "aria-hidden": "true", class: "le-picture le-nearest" });
    const words = element("span", { class: "le-fine le-numbers le-nearest", "aria-hidden": "true" });
    const button = element(
      "button",
      { type: "button", "aria-pressed": "false", click: (event) => this.onPick(k, event.timeStamp) },
      sample.canvas,
      nearest.canvas,
      words,
    );
    const cell = { button, sample, nearest, words, name };
    this.#forget(cell);
    return cell;
  }

  /** @param {Event} event @returns {number} which sample it happened on */
  #indexOf({ target }) {
    return this.cells.findIndex(({ button }) => button === target);
  }

  /** @param {number} k  what Tab leads to */
  #stopAt(k) {
    this.cells.forEach(({ button }, n) => (button.tabIndex = n === k ? 0 : -1));
  }

  /** @param {KeyboardEvent} event */
  #go(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.#indexOf(event);
    const columns = getComputedStyle(this.element).gridTemplateColumns.split(" ").length;
    const last = this.cells.length - 1;
    /** @type {Record<string, number>} */
    const ways = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - columns,
      ArrowDown: at + columns,
      Home: 0,
      End: last,
    };
    const to = ways[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    if (to >= 0 && to <= last) this.cells[to].button.focus();
  }
}

/** What each dimension carries, as bars that grow and shrink in place; dead ones are hollow, and a change is told. */

import { dimensionName, element, setText } from "../../dom/dom.js";
import { fixed } from "../../dom/format.js";
import { roundUp, tickText } from "../../dom/ticks.js";
import { chartFigure } from "./chart-figure.js";

/** With more bars than this there is no room for their names. */
const NAMED = 24;

/** For how long a change is told, in ms. */
const TOLD_FOR = 12000;

/** A screen reader is told no more than so many numbers. */
const SPOKEN = 32;

/** A bar chart of one number per dimension. */
export class Bars {
  /** @param {string} title @param {string} caption */
  constructor(title, caption) {
    this.title = title;
    this.plot = element("div", { class: "le-bars", role: "img", "aria-label": title });
    this.top = element("span", {});
    const foot = element("span", {}, "0");
    const scale = element(
      "div",
      { class: "le-bars-scale le-caption le-numbers", "aria-hidden": "true" },
      this.top,
      foot,
    );
    const frame = element("div", { class: "le-bars-frame" }, scale, this.plot);
    const figure = chartFigure(title, caption, frame);
    this.element = figure.element;
    this.now = figure.now;
    this.aside = figure.aside;
    this.aside.setAttribute("role", "status");
    /** One for each dimension, and in each a bar. @type {HTMLElement[]} */
    this.columns = [];
    /** @type {HTMLElement[]} */
    this.bars = [];
    /** @type {ArrayLike<number>} */
    this.values = [];
    /** Which dimensions are used, if that is known. @type {boolean[] | null} */
    this.active = null;
    this.asideTimer = 0;
  }

  close() {
    clearTimeout(this.asideTimer);
  }

  /** Another run: nothing is known of it. */
  forget() {
    this.active = null;
    this.#say("");
  }

  /** @param {ArrayLike<number>} values  (D,) */
  draw(values) {
    if (this.columns.length !== values.length) this.#make(values.length);
    this.values = values;
    const top = roundUp(Math.max(0.5, ...Array.from(values)));
    setText(this.top, tickText(top, [0, top]));
    this.bars.forEach((bar, d) => {
      bar.style.transform = `scaleY(${Math.max(0, values[d] / top)})`;
    });
    this.#describe();
  }

  /** Say which dimensions are used. @param {boolean[]} active  (D,) */
  setActive(active) {
    const before = this.active;
    this.active = active;
    if (this.columns.length !== active.length) this.#make(active.length);
    this.columns.forEach((column, d) => column.classList.toggle("le-bar-dead", !active[d]));
    if (before?.length === active.length) {
      const changed = active.flatMap((is, d) => (is === before[d] ? [] : [d]));
      const said = [true, false]
        .map((is) => ({ dims: changed.filter((d) => active[d] === is), what: is ? "woke up" : "died" }))
        .filter(({ dims }) => dims.length)
        .map(({ dims, what }) => `${namesOf(dims)} ${what}`);
      if (said.length) this.#say(said.join(", "));
    }
    this.#describe();
  }

  /** @param {string} change  what has just changed */
  #say(change) {
    clearTimeout(this.asideTimer);
    setText(this.aside, change);
    if (change) this.asideTimer = setTimeout(() => setText(this.aside, ""), TOLD_FOR);
  }

  /** Say what is drawn, for who cannot see it. */
  #describe() {
    const { active, values } = this;
    const state = active ? `${active.filter(Boolean).length} of ${active.length} active` : "";
    setText(this.now, state);
    const each = Array.from(
      { length: Math.min(values.length, SPOKEN) },
      (_, d) => `z${d} ${fixed(values[d])}${active && !active[d] ? " dead" : ""}`,
    );
    const label = `${[this.title, state].filter(Boolean).join(": ")}. ${each.join(", ")}`;
    if (this.plot.getAttribute("aria-label") !== label) this.plot.setAttribute("aria-label", label);
  }

  /** @param {number} count */
  #make(count) {
    this.bars = Array.from({ length: count }, () => element("span", { class: "le-bar" }));
    this.columns = this.bars.map((bar, d) =>
      element(
        "span",
        { class: "le-bar-column", title: `z${d}` },
        bar,
        count > NAMED ? null : element("span", { class: "le-bar-name" }, dimensionName(d)),
      )
    );
    this.plot.classList.toggle("le-bars-many", count > NAMED);
    this.plot.replaceChildren(...this.columns);
  }
}

/** @param {number[]} dims @returns {string} e.g. "z1, z2" or "5 dimensions" */
function namesOf(dims) {
  return dims.length > 3 ? `${dims.length} dimensions` : dims.map((d) => `z${d}`).join(", ");
}

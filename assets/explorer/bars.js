/** What each dimension carries, as bars that grow and shrink in place. */

import { dimensionName, element, setText } from "./dom.js";
import { fixed } from "./numbers.js";

/** A bar chart of one number per dimension. */
export class Bars {
  /** @param {string} title @param {string} caption */
  constructor(title, caption) {
    this.title = title;
    this.now = element("span", { class: "le-chart-now" });
    this.plot = element("div", { class: "le-bars", role: "img", "aria-label": title });
    this.element = element(
      "figure",
      { class: "le-chart" },
      element(
        "figcaption",
        {},
        element("strong", {}, title),
        " ",
        this.now,
        element("span", { class: "le-caption" }, caption),
      ),
      this.plot,
    );
    /** @type {HTMLElement[]} */
    this.bars = [];
  }

  /** @param {ArrayLike<number>} values  (D,) */
  show(values) {
    if (this.bars.length !== values.length) this.#make(values.length);
    const most = Math.max(0.5, ...Array.from(values));
    this.bars.forEach((bar, d) => {
      bar.style.transform = `scaleY(${Math.max(0.004, values[d] / most)})`;
    });
    const awake = Array.from(values).filter((value) => value > 0.1).length;
    setText(this.now, `highest ${fixed(Math.max(...Array.from(values)))}`);
    this.plot.setAttribute(
      "aria-label",
      `${this.title}: ${awake} of ${values.length} above 0.1. ${Array.from(
        values,
        (value, d) => `z${d} ${fixed(value)}`,
      )
        .slice(0, 32)
        .join(", ")}`,
    );
  }

  /** @param {number} count */
  #make(count) {
    this.bars = Array.from({ length: count }, () => element("span", { class: "le-bar" }));
    this.plot.classList.toggle("le-bars-many", count > 24);
    this.plot.replaceChildren(
      ...this.bars.map((bar, d) =>
        element(
          "span",
          { class: "le-bar-column" },
          bar,
          count > 24 ? null : element("span", { class: "le-bar-name" }, dimensionName(d)),
        ),
      ),
    );
  }
}

/** The names of the colours, as buttons that take their points off the map and put them back. */

import { element } from "./dom.js";

/** @typedef {import("./colouring.js").Colouring} Colouring */

export class Legend {
  /** @param {(hidden: Set<number>) => void} onChange  told which groups are hidden */
  constructor(onChange) {
    this.onChange = onChange;
    this.element = element("div", {
      class: "le-legend",
      role: "group",
      "aria-label": "Colours of the points",
    });
    /** @type {Set<number>} */
    this.hidden = new Set();
  }

  /** @param {Colouring} colouring */
  show(colouring) {
    this.hidden = new Set();
    this.element.replaceChildren();
    if (colouring.range) this.element.append(...this.#scale(colouring));
    else if (colouring.groups.length > 1)
      this.element.append(...colouring.groups.map((group, g) => this.#button(group, g)));
  }

  /** @param {import("./colouring.js").Group} group @param {number} index */
  #button(group, index) {
    const swatch = element("span", { class: "le-swatch", "aria-hidden": "true" });
    swatch.style.backgroundColor = group.colour;
    const button = element(
      "button",
      { type: "button", "aria-pressed": "true", title: "Click to hide, double-click to see only these" },
      swatch,
      group.name,
    );
    button.addEventListener("click", (event) => {
      if (event.detail > 1) this.#only(index);
      else this.#toggle(index);
    });
    return button;
  }

  #toggle(index) {
    if (!this.hidden.delete(index)) this.hidden.add(index);
    this.#tell();
  }

  #only(index) {
    const others = [...this.element.children].map((_, g) => g).filter((g) => g !== index);
    const isAlone = others.every((g) => this.hidden.has(g));
    this.hidden = new Set(isAlone ? [] : others);
    this.#tell();
  }

  #tell() {
    [...this.element.children].forEach((button, g) =>
      button.setAttribute("aria-pressed", String(!this.hidden.has(g))),
    );
    this.onChange(this.hidden);
  }

  /** @param {Colouring} colouring */
  #scale({ by, groups, range }) {
    const bar = element("span", { class: "le-scale", "aria-hidden": "true" });
    bar.style.background = `linear-gradient(to right, ${groups.map((group) => group.colour).join(", ")})`;
    const text = (value) => String(Number(value.toPrecision(3)));
    return [element("span", {}, `${by} ${text(range[0])}`), bar, element("span", {}, text(range[1]))];
  }
}

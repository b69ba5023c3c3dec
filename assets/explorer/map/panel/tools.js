/** What is chosen above and below the map: its axes, the layers under its points, the groups that are to be seen. */

import { element, uniqueId } from "../../dom/dom.js";
import { heaviestFirst, weightPerDim } from "../../latent/space.js";
import { axesKinds } from "../scene/axes.js";

/** @typedef {import("../scene/colouring.js").Colouring} Colouring */
/** @typedef {import("../scene/layer-kinds.js").Layer} Layer */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */
/** @typedef {import("../../latent/space.js").Space} Space */

/** On the buttons. There is nothing to choose on a line. */
const KIND_NAMES = { umap: "UMAP", pca: "PCA", latent: "Two dimensions", line: "One dimension" };

export class AxesTools {
  /** @param {(name: string) => void} onChoose  told the axes as in the URL */
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.ids = { kinds: uniqueId("axes"), x: uniqueId("x"), y: uniqueId("y") };
  }

  /**
   * @param {Space} space
   * @param {string} axesName
   * @returns {HTMLElement[]} none where there is nothing to choose
   */
  make(space, axesName) {
    if (space.dims < 3) return [];
    const kind = /^\d/.test(axesName) ? "latent" : axesName;
    const heaviest = heaviestFirst(weightPerDim(space));
    const kinds = axesKinds(space);
    const buttons = kinds.map((each) =>
      element(
        "button",
        {
          type: "button",
          id: `${this.ids.kinds}-${each}`,
          "aria-pressed": String(each === kind),
          click: () => this.onChoose(each === "latent" ? `${heaviest[0]},${heaviest[1]}` : each),
        },
        KIND_NAMES[each],
      )
    );
    const segments = element(
      "div",
      { class: "le-segments", role: "group", "aria-label": "Axes of the map" },
      ...buttons,
    );
    const choices = kinds.length > 1 ? [segments] : [];
    return kind === "latent" ? [...choices, this.#dimensions(space, axesName)] : choices;
  }

  /** @param {Space} space @param {string} axesName  e.g. "0,1" */
  #dimensions(space, axesName) {
    const chosen = axesName.split(",").map(Number);
    /** @type {(axis: 0 | 1, id: string, label: string) => HTMLElement} */
    const select = (axis, id, label) => {
      const options = Array.from(
        { length: space.dims },
        (_, d) => element("option", { value: d, selected: d === chosen[axis] }, `z${d}`),
      );
      return element(
        "select",
        {
          id,
          "aria-label": label,
          change: ({ currentTarget }) => {
            const dim = Number(/** @type {HTMLSelectElement} */ (currentTarget).value);
            const other = dim === chosen[1 - axis] ? chosen[axis] : chosen[1 - axis];
            this.onChoose(axis === 0 ? `${dim},${other}` : `${other},${dim}`);
          },
        },
        ...options,
      );
    };
    return element(
      "div",
      { class: "le-pair" },
      select(0, this.ids.x, "Dimension to the right"),
      "×",
      select(1, this.ids.y, "Dimension upwards"),
    );
  }
}

export class LayerTools {
  /** @param {(name: LayerName) => void} onToggle */
  constructor(onToggle) {
    this.onToggle = onToggle;
    this.element = element("div", {
      class: "le-layer-tools",
      role: "group",
      "aria-label": "Under the points",
    });
    /** @type {Map<LayerName, HTMLElement>} */
    this.buttons = new Map();
  }

  /** @param {Layer[]} offered @param {Set<LayerName>} on */
  offer(offered, on) {
    if (offered.map(({ name }) => name).join() !== [...this.buttons.keys()].join()) {
      this.buttons = new Map(offered.map((layer) => [layer.name, this.#button(layer)]));
      this.element.replaceChildren(...this.buttons.values());
    }
    this.element.hidden = offered.length === 0;
    for (const [name, button] of this.buttons) button.setAttribute("aria-pressed", String(on.has(name)));
  }

  /** @param {Layer} layer */
  #button({ name, title, hint }) {
    return element(
      "button",
      { type: "button", "data-layer": name, title: hint, click: () => this.onToggle(name) },
      title,
    );
  }
}

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

  /** Say what a colouring's colours mean; all of its groups are seen. @param {Colouring} colouring */
  explain(colouring) {
    const { range } = colouring;
    this.hidden = new Set();
    this.element.replaceChildren();
    if (range) this.element.append(...this.#scale(colouring, range));
    else if (colouring.groups.length > 1) {
      this.element.append(...colouring.groups.map((group, g) => this.#button(group, g)));
    }
  }

  /** Hide these groups and no others, as another does. @param {number[]} groups */
  hideOnly(groups) {
    this.hidden = new Set(groups);
    this.#tell();
  }

  /** @param {import("../scene/colouring.js").Group} group @param {number} index */
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

  /** @param {number} index */
  #toggle(index) {
    if (!this.hidden.delete(index)) this.hidden.add(index);
    this.#tell();
  }

  /** Hide all other groups, or show all again. @param {number} index */
  #only(index) {
    const others = [...this.element.children].map((_, g) => g).filter((g) => g !== index);
    const isAlone = others.every((g) => this.hidden.has(g));
    this.hidden = new Set(isAlone ? [] : others);
    this.#tell();
  }

  #tell() {
    [...this.element.children].forEach((button, g) =>
      button.setAttribute("aria-pressed", String(!this.hidden.has(g)))
    );
    this.onChange(this.hidden);
  }

  /** @param {Colouring} colouring @param {[number, number]} range */
  #scale({ by, groups }, range) {
    const bar = element("span", { class: "le-scale", "aria-hidden": "true" });
    bar.style.background = `linear-gradient(to right, ${groups.map((group) => group.colour).join(", ")})`;
    const text = (/** @type {number} */ value) => String(Number(value.toPrecision(3)));
    return [element("span", {}, `${by} ${text(range[0])}`), bar, element("span", {}, text(range[1]))];
  }
}

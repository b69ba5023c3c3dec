/** The choice of the map's axes: UMAP, PCA, or two latent dimensions, and which two. */

import { element, uniqueId } from "../../dom/dom.js";
import { heaviestFirst, weightPerDim } from "../../latent/space.js";
import { axesKinds } from "../scene/axes.js";

/** @typedef {import("../scene/colouring.js").Colouring} Colouring */
/** @typedef {import("../scene/layer-kinds.js").Layer} Layer */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */
/** @typedef {import("../../latent/space.js").Space} Space */

const KIND_NAMES = { umap: "UMAP", pca: "PCA", latent: "Two dimensions" };

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
    const buttons = axesKinds(space).map((each) =>
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
    return kind === "latent" ? [segments, this.#dimensions(space, axesName)] : [segments];
  }

  /** @param {Space} space @param {string} axesName  e.g. "0,1" */
  #dimensions(space, axesName) {
    const chosen = axesName.split(",").map(Number);
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
          change: (event) => {
            const dim = Number(event.target.value);
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
    this.shown = "";
  }

  /** @param {Layer[]} offered @param {Set<LayerName>} on */
  show(offered, on) {
    const shown = offered.map(({ name }) => name).join();
    if (shown !== this.shown) {
      this.shown = shown;
      this.element.replaceChildren(...offered.map((layer) => this.#button(layer)));
    }
    this.element.hidden = offered.length === 0;
    for (const button of this.element.children) {
      button.setAttribute("aria-pressed", String(on.has(/** @type {LayerName} */ (button.dataset.layer))));
    }
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

  /** @param {Colouring} colouring */
  show(colouring) {
    this.hidden = new Set();
    this.element.replaceChildren();
    if (colouring.range) this.element.append(...this.#scale(colouring));
    else if (colouring.groups.length > 1) {
      this.element.append(...colouring.groups.map((group, g) => this.#button(group, g)));
    }
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
      button.setAttribute("aria-pressed", String(!this.hidden.has(g)))
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

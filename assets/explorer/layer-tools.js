/** Buttons that switch the layers under the points on and off. */

import { element } from "./dom.js";

/** @typedef {import("./map-layers.js").Layer} Layer */
/** @typedef {import("./map-layers.js").LayerName} LayerName */

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
    for (const button of this.element.children)
      button.setAttribute("aria-pressed", String(on.has(/** @type {LayerName} */ (button.dataset.layer))));
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

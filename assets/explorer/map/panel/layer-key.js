/** How the layers that are on are drawn, in a few words on the map's upper margin: a sample of each, and what it is. */

import { element } from "../../dom/dom.js";
import { contrastScale } from "../layers/density.js";
import { keyOf } from "../scene/layer-kinds.js";

/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */

export class LayerKey {
  constructor() {
    this.element = element("ul", { class: "le-layer-key le-fine", "data-role": "layer-key" });
  }

  /** @param {Set<LayerName>} layers  that are to be seen @param {Axes} axes @param {Space} space */
  explain(layers, axes, space) {
    this.element.replaceChildren(
      ...[...layers].map((name) => element("li", {}, ...entry(name, keyOf(name, axes, space)))),
    );
  }
}

/** @param {LayerName} name @param {string} words @returns {Array<HTMLElement | string>} */
function entry(name, words) {
  const sample = element("span", { class: `le-key-${name}`, "aria-hidden": "true" });
  if (name !== "density") return [sample, words];
  sample.style.background = contrastScale();
  return ["thinner", sample, `denser ${words}`];
}

/** What stands below the map: what its axes mean and how far they can be trusted, and what each layer shows. */

import { element, setText } from "../../dom/dom.js";
import { fixed } from "../../dom/format.js";
import { trustworthiness } from "../../latent/trustworthiness.js";
import { contrastScale } from "../layers/density.js";
import { makeAxes } from "../scene/axes.js";
import { meaningOf } from "../scene/layer-kinds.js";

/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */

/** What was measured of a space's codes, by the axes' name. @type {WeakMap<Float32Array, Record<string, Promise<number | null>>>} */
const measured = new WeakMap();

export class MapNotes {
  /** @param {string} help  what a mouse or a finger can do */
  constructor(help) {
    /** The axes that are described. @type {Axes | null} */
    this.axes = null;
    this.meaning = element("span", {});
    this.trust = element("span", { "data-role": "trustworthiness" });
    this.layers = element("ul", { class: "le-layer-notes le-caption" });
    this.element = element(
      "div",
      {},
      element("p", { class: "le-caption" }, this.meaning, this.trust, ` ${help}`),
      this.layers,
    );
  }

  /**
   * @param {Axes} axes
   * @param {Space} space
   * @param {boolean} isLive  its codes move, and with them all that could be measured
   */
  describe(axes, space, isLive) {
    setText(this.meaning, meaningOfAxes(axes, space));
    this.axes = axes;
    const isProjection = axes.name === "umap" || axes.name === "pca";
    if (!isProjection || isLive || space.dims < 3) {
      setText(this.trust, "");
      return;
    }
    setText(this.trust, " Trustworthiness: measuring …");
    const known = measured.get(space.mean) ?? {};
    measured.set(space.mean, known);
    known[axes.name] ??= trustworthiness(space.mean, axes.points());
    known[axes.name].then((value) => {
      if (this.axes === axes) setText(this.trust, trustSentence(value));
    });
  }

  /** @param {Set<LayerName>} layers  that are to be seen @param {Axes} axes @param {Space} space */
  explain(layers, axes, space) {
    this.layers.replaceChildren(
      ...[...layers].map((name) => {
        const note = element("li", {}, meaningOf(name, axes, space));
        if (name === "density") note.append(scale());
        return note;
      }),
    );
    this.layers.hidden = layers.size === 0;
  }
}

/** @param {number | null} value @returns {string} */
export function trustSentence(value) {
  if (value === null) return " With so few images its trustworthiness cannot be measured.";
  return ` Trustworthiness ${
    fixed(value)
  }: how far neighbours here are neighbours in latent space; 1 is all of them.`;
}

/** @returns {HTMLElement} what the density's colours mean */
function scale() {
  const bar = element("span", { class: "le-scale", "aria-hidden": "true" });
  bar.style.background = contrastScale();
  return element("span", { class: "le-contrast" }, "thinner", bar, "denser");
}

/** @param {Axes} axes @param {Space} space @returns {string} */
function meaningOfAxes({ name }, space) {
  const others = space.dims - 2;
  if (name === "umap") {
    return (
      "UMAP keeps neighbours together; how far apart groups lie, and how large they are, means little. " +
      "Between dots the picture is an estimate."
    );
  }
  if (name === "pca") {
    return (
      `The plane in which the codes spread most: ${explainedPercent(space)} of their variance. ` +
      "The other directions stay at the pinned latent."
    );
  }
  if (name === "0") {
    return (
      "The only dimension goes to the right; upwards, dots are spread out to be told apart. " +
      `Above them: how densely codes lie${space.isGaussian ? ", and the prior as a dashed line" : ""}.`
    );
  }
  if (others < 1) return "Every place decodes to a picture.";
  return `The other ${others > 1 ? `${others} dimensions stay` : "dimension stays"} at the pinned latent.`;
}

/** @param {Space} space @returns {string} share of the codes' variance that lies in the plane of the PCA */
export function explainedPercent(space) {
  const { mean, dims, count } = space;
  const plane = makeAxes("pca", space).points();
  const total = spread(mean, dims, count);
  return total > 0 ? `${Math.round((100 * spread(plane, 2, count)) / total)} %` : "all";
}

/**
 * @param {Float32Array} values  (N, W)
 * @param {number} wide          W
 * @param {number} count         N
 * @returns {number} the variance of each column, summed
 */
function spread(values, wide, count) {
  const first = new Float64Array(wide);
  const second = new Float64Array(wide);
  for (let p = 0; p < values.length; p++) {
    first[p % wide] += values[p];
    second[p % wide] += values[p] * values[p];
  }
  return second.reduce((sum, square, d) => sum + square / count - (first[d] / count) ** 2, 0);
}

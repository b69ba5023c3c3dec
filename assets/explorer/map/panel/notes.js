/** What stands below the map: what its axes mean and how far they can be trusted, and what each layer shows. */

import { element, setText } from "../../dom/dom.js";
import { fixed } from "../../dom/format.js";
import { seededRandom } from "../../latent/codes.js";
import { trustworthiness } from "../../latent/trustworthiness.js";
import { shareAmongImages } from "../../latent/typicality.js";
import { makeAxes } from "../scene/axes.js";
import { meaningOf } from "../scene/layer-kinds.js";

/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */

/** Of so many draws from the prior it is told how many lie among the codes. */
const DRAWS = 200;

/** They are looked at when the first picture has long been there, in ms. */
const REST = 400;

/** What was measured of a space's codes, by the axes' name. @type {WeakMap<Float32Array, Record<string, Promise<number | null>>>} */
const measured = new WeakMap();

export class MapNotes {
  /** @param {string} help  what a mouse or a finger can do */
  constructor(help) {
    /** The axes that are described. @type {Axes | null} */
    this.axes = null;
    /** Whether the codes move, and with them all that could be measured. */
    this.isLive = false;
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
    this.isLive = isLive;
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
        if (name === "prior" && !this.isLive) tellDraws(note, space);
        return note;
      }),
    );
    this.layers.hidden = layers.size === 0;
  }
}

/** Say how many draws from N(0, I) lie among the codes, once nothing more urgent is to do. @param {HTMLElement} note @param {Space} space */
function tellDraws(note, space) {
  setTimeout(() => {
    if (!note.isConnected) return;
    const share = shareAmongImages(space, seededRandom(1), DRAWS);
    if (!Number.isFinite(share)) return;
    const from = space.isGaussian ? "from the prior" : "from N(0, 1) all the same";
    note.append(` Of ${DRAWS} draws ${from}, ${Math.round(share * DRAWS)} lie among the images' codes.`);
  }, REST);
}

/** @param {number | null} value @returns {string} */
export function trustSentence(value) {
  if (value === null) return " With so few images its trustworthiness cannot be measured.";
  return ` Trustworthiness ${
    fixed(value)
  }: how far neighbours here are neighbours in latent space; 1 is all of them.`;
}

/** @param {Axes} axes @param {Space} space @returns {string} */
function meaningOfAxes({ name }, space) {
  const others = space.dims - 2;
  const { categories } = space.config;
  if (categories) {
    const stay = others > 0
      ? ` The other ${others > 1 ? `${others} variables stay` : "variable stays"} at the pinned category.`
      : "";
    const cell = space.dims > 1 ? "Each cell is one pair of categories" : "Each cell is one category";
    return `${cell}; images of a cell have the same there, and are spread out in it to be told apart.${stay}`;
  }
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

/**
 * How far sliders and strips go along a dimension: by quantiles of the prior, or as far as the images' codes do.
 */

import { element } from "../../dom/dom.js";
import { priorQuantile, priorValues } from "../../latent/codes.js";

/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {"prior" | "data"} RangeBy */

/** Share of the prior that lies between the ends of a slider. */
const SLIDER_COVERAGE = 0.999;

/** Share of the prior, or of the images' codes, that lies between the ends of a strip. */
export const STRIP_COVERAGE = 0.98;

/**
 * @param {Space} space
 * @param {RangeBy} by
 * @returns {Array<[number, number]>} (D,) ends of the sliders, to a tenth outwards
 */
export function sliderRanges(space, by) {
  const { categories } = space.config;
  if (categories) return Array.from({ length: space.dims }, () => [0, categories - 1]);
  const reach = Math.ceil(10 * priorQuantile(0.5 + SLIDER_COVERAGE / 2)) / 10;
  return Array.from({ length: space.dims }, (_, dim) => {
    if (by === "prior") return [-reach, reach];
    const values = codesAlong(space, dim);
    const ends = [Math.floor(10 * values[0]) / 10, Math.ceil(10 * values[values.length - 1]) / 10];
    return apart(ends[0], ends[1], 0.1);
  });
}

/**
 * @param {Space} space
 * @param {number} dim
 * @param {RangeBy} by
 * @param {number} count
 * @returns {Float32Array} (count,) evenly spaced stops of a strip, between two quantiles; of a variable its categories
 */
export function stripStops(space, dim, by, count) {
  if (space.config.categories) return Float32Array.from({ length: count }, (_, category) => category);
  if (by === "prior") return priorValues(count, STRIP_COVERAGE);
  const values = codesAlong(space, dim);
  /** @param {number} share  0..1 */
  const at = (share) => values[Math.round(share * (values.length - 1))];
  const tail = (1 - STRIP_COVERAGE) / 2;
  const [first, last] = apart(at(tail), at(1 - tail), 1);
  return Float32Array.from({ length: count }, (_, k) => first + ((last - first) * k) / (count - 1));
}

/** The switch between the two, as buttons. */
export class RangeSwitch {
  /** @param {(by: RangeBy) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {RangeBy} */
    this.by = "prior";
    /** @param {RangeBy} by @param {string} text @param {string} title */
    const button = (by, text, title) =>
      element("button", { type: "button", title, click: () => this.choose(by) }, text);
    this.buttons = {
      prior: button("prior", "As the prior", "Sliders and rows go as far as nearly all of the prior does"),
      data: button("data", "As the images", "Sliders and rows go as far as the images' codes do"),
    };
    this.element = element(
      "div",
      { class: "le-range" },
      element("span", { class: "le-caption" }, "Reach"),
      element(
        "div",
        { class: "le-segments", role: "group", "aria-label": "Reach of sliders and rows" },
        this.buttons.prior,
        this.buttons.data,
      ),
    );
    this.set("prior");
  }

  /** @param {RangeBy} by */
  choose(by) {
    if (by === this.by) return;
    this.set(by);
    this.onChange(by);
  }

  /** Show what holds already. @param {RangeBy} by */
  set(by) {
    this.by = by;
    for (const [name, button] of Object.entries(this.buttons)) {
      button.setAttribute("aria-pressed", String(name === by));
    }
  }
}

/** @param {Space} space @param {number} dim @returns {Float32Array} (N,) ascending */
function codesAlong({ mean, dims, count }, dim) {
  return Float32Array.from({ length: count }, (_, n) => mean[n * dims + dim]).sort();
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} by  how far they are moved apart where they are one
 * @returns {[number, number]} two ends that are not the same
 */
function apart(low, high, by) {
  return low < high ? [low, high] : [low - by, low + by];
}

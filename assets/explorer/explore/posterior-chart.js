/** One image's posterior: in each dimension a dot at its mean, a bar as wide as its deviation, the prior behind. */

import { dimensionName, element } from "../dom/dom.js";
import { fixed } from "../dom/format.js";

/** With more dimensions than this there is no room for their names. */
const NAMED = 24;

/** The chart reaches at least this far both ways. */
const LEAST_REACH = 3;

export class PosteriorChart {
  constructor() {
    this.plot = element("div", { class: "le-posterior", role: "img" });
    this.caption = element("figcaption", { class: "le-caption" });
    this.element = element("figure", { class: "le-posterior-figure" }, this.plot, this.caption);
  }

  /**
   * @param {number[]} order                      dimensions, from left to right
   * @param {ArrayLike<number>} mean              (D,)
   * @param {ArrayLike<number> | null} deviation  (D,); null where a code is a point
   */
  draw(order, mean, deviation) {
    /** @param {number} dim */
    const of = (dim) => deviation?.[dim] ?? 0;
    const reach = Math.max(LEAST_REACH, ...order.map((dim) => Math.abs(mean[dim]) + 2 * of(dim)));
    const columns = order.map((dim) => {
      const column = element(
        "span",
        { class: "le-posterior-column" },
        deviation && element("span", { class: "le-posterior-wide" }),
        deviation && element("span", { class: "le-posterior-core" }),
        element("span", { class: "le-posterior-mean" }),
      );
      column.style.setProperty("--le-mean", String(mean[dim] / reach));
      column.style.setProperty("--le-deviation", String(of(dim) / reach));
      return column;
    });
    const prior = deviation ? element("span", { class: "le-posterior-prior" }) : null;
    prior?.style.setProperty("--le-deviation", String(1 / reach));
    const ends = [reach, 0, -reach].map((value) => element("span", {}, fixed(value, 0)));
    const names = order.map((dim) => element("span", {}, dimensionName(dim)));
    this.plot.replaceChildren(
      element("span", { class: "le-posterior-ends le-fine" }, ...ends),
      element("span", { class: "le-posterior-columns" }, prior, ...columns),
      order.length > NAMED ? "" : element("span", { class: "le-posterior-names le-fine" }, ...names),
    );
    const numbers = order.slice(0, NAMED).map((dim) => {
      return `z${dim} ${fixed(mean[dim])}${deviation ? ` ± ${fixed(of(dim))}` : ""}`;
    });
    this.plot.setAttribute("aria-label", `${deviation ? "Posterior" : "Code"}: ${numbers.join(", ")}`);
    this.caption.textContent = deviation
      ? "Its posterior in each dimension: mean, 1 and 2 deviations; the band is the prior's ±1. " +
        "Where the bar fills the band, this dimension says nothing about the image."
      : "Its code in each dimension: a point, because an autoencoder has no posterior.";
  }
}

/** The picture of one update: what goes in and comes out of one of its images, with the numbers in between. */

import { element } from "../../dom/dom.js";
import { Picture } from "../../dom/pictures.js";
import { heaviestFirst } from "../../latent/space.js";
import { fillLoss, fillWeights, latentTable, lossBars, weightBars } from "./numbers.js";

/** @typedef {import("./detail.js").Detail} Detail */

/** Of many dimensions, those that carry most are shown. */
const SHOWN_DIMS = 5;

export class UpdateBody {
  /** @param {Detail} detail */
  constructor(detail) {
    this.detail = detail;
    const dims = shownDims(detail);
    this.x = new Picture(detail.shape, { "aria-label": "The image" });
    this.reconstruction = new Picture(detail.shape, { "aria-label": "Its reconstruction" });
    this.table = latentTable(detail, dims);
    this.loss = lossBars(detail);
    const weights = weightBars(detail);
    fillWeights(weights, detail);
    const few = `The ${dims.length} of ${detail.dims} dimensions that carry most.`;
    this.element = element(
      "div",
      { class: "le-slow-body" },
      figure("x", "x", this.x),
      element(
        "div",
        { class: "le-slow-middle" },
        this.table.element,
        detail.dims > dims.length ? element("p", { class: "le-caption" }, few) : null,
      ),
      figure("reconstruction", "x̂", this.reconstruction),
      this.loss.element,
      weights.element,
    );
  }

  /** Write the numbers of one image. @param {number} n  which */
  fill(n) {
    const { detail } = this;
    this.x.draw(detail.picture("x", n));
    this.reconstruction.draw(detail.picture("reconstruction", n));
    this.table.fill(n);
    fillLoss(this.loss, detail, n);
  }

  /** @param {Set<string>} reached  parts that are seen by now @param {string} current  the one that is new */
  reveal(reached, current) {
    for (const node of this.element.querySelectorAll("[data-part]")) {
      const part = node.getAttribute("data-part") ?? "";
      node.classList.toggle("le-ahead", !reached.has(part));
      node.classList.toggle("le-current", part === current);
    }
  }
}

/** @param {"x" | "reconstruction"} part @param {string} symbol @param {Picture} picture */
function figure(part, symbol, picture) {
  const caption = element("figcaption", { class: "le-formula" }, symbol);
  return element("figure", { "data-part": part }, picture.canvas, caption);
}

/** @param {Detail} detail @returns {number[]} the dimensions that its images' codes use most */
function shownDims(detail) {
  const { dims } = detail;
  if (dims <= SHOWN_DIMS) return [...Array(dims).keys()];
  const carried = Float32Array.from({ length: dims }, (_, d) => {
    let sum = 0;
    for (let n = 0; n < detail.count; n++) sum += detail.row("kl", n)?.[d] ?? detail.row("z", n)[d] ** 2;
    return sum;
  });
  return heaviestFirst(carried).slice(0, SHOWN_DIMS);
}

/** What a run's model makes of held-out images, and what it makes up. */

import { element } from "../dom/dom.js";
import { Sheet } from "../dom/pictures.js";

/** Few and large: they are looked at from the back row. */
const COLUMNS = 8;

/** Name of the tensor in a snapshot, what it shows, rows. */
const SHEETS = [
  ["originals", "Held-out images", 1],
  ["reconstructions", "Their reconstructions", 1],
  ["samples", "Samples from the prior", 2],
];

export class RunPictures {
  constructor() {
    /** @type {Record<string, Sheet>} */
    this.sheets = {};
    for (const [name, label, rows] of SHEETS) {
      this.sheets[name] = new Sheet([1, 28, 28], COLUMNS, rows, { "aria-label": label });
    }
    const { originals, reconstructions, samples } = this.sheets;
    this.reconstructions = figure(
      "Held-out images",
      "and reconstructions",
      originals.canvas,
      reconstructions.canvas,
    );
    this.samples = figure("Samples", "from the prior", samples.canvas);
  }

  /** Make room. @param {import("../dom/pictures.js").Shape} shape @param {boolean} hasPrior */
  reserve(shape, hasPrior) {
    for (const [name, , rows] of SHEETS) this.sheets[name].resize(shape, COLUMNS, rows);
    this.samples.hidden = !hasPrior;
  }

  /** @param {import("../data/safetensors.js").Safetensors} file  originals, reconstructions, samples: bytes, (R, C, H, W) */
  show(file) {
    for (const [name, sheet] of Object.entries(this.sheets)) {
      if (!file.has(name)) continue;
      const bytes = file.data(name);
      const [count] = file.shape(name);
      const size = bytes.length / Math.max(1, count);
      for (let n = 0; n < Math.min(count, sheet.columns * sheet.rows); n++) {
        sheet.draw(n, bytes.subarray(n * size, (n + 1) * size), 1);
      }
    }
  }
}

/** @param {string} title @param {string} caption @param {...HTMLElement} pictures */
function figure(title, caption, ...pictures) {
  const words = [element("strong", {}, title), " ", element("span", { class: "le-caption" }, caption)];
  return element(
    "figure",
    { class: "le-picture-figure" },
    element("figcaption", { class: "le-one-line" }, ...words),
    ...pictures,
  );
}

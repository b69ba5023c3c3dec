/** What a run's model makes of held-out images, and what it makes up. */

import { element, setText } from "../dom/dom.js";
import { Sheet } from "../dom/pictures.js";

/** Few and large: they are looked at from the back row. */
const COLUMNS = 8;

/** Before a run says of which shape its pictures are. @type {import("../dom/pictures.js").Shape} */
const SOME_SHAPE = [1, 28, 28];

/** What samples are of, and what stands in for them where there is no prior: nothing drew the codes there. */
const PRIOR = "from the prior";
const ALL_THE_SAME = "decoded from N(0, 1) all the same";

/** Rows of each sheet, by the name of its tensor in a snapshot. */
const ROWS = { originals: 1, reconstructions: 1, samples: 2 };

export class RunPictures {
  constructor() {
    /** @param {string} label @param {number} rows */
    const sheet = (label, rows) => new Sheet(SOME_SHAPE, COLUMNS, rows, { "aria-label": label });
    const originals = sheet("Held-out images", ROWS.originals);
    const reconstructions = sheet("Their reconstructions", ROWS.reconstructions);
    const samples = sheet(`Samples ${PRIOR}`, ROWS.samples);
    this.sheets = { originals, reconstructions, samples };
    this.reconstructions = figure(
      "Held-out test images",
      "and reconstructions",
      originals.canvas,
      reconstructions.canvas,
    );
    this.samplesFrom = element("span", {}, PRIOR);
    this.samples = figure("Samples", this.samplesFrom, samples.canvas);
  }

  /**
   * Make room.
   *
   * @param {import("../dom/pictures.js").Shape} shape
   * @param {boolean} hasPrior   that samples are drawn from
   * @param {boolean} hasEncoder  without which nothing is reconstructed
   */
  reserve(shape, hasPrior, hasEncoder) {
    this.reconstructions.hidden = !hasEncoder;
    const { originals, reconstructions, samples } = this.sheets;
    originals.resize(shape, COLUMNS, ROWS.originals);
    reconstructions.resize(shape, COLUMNS, ROWS.reconstructions);
    samples.resize(shape, COLUMNS, ROWS.samples);
    const from = hasPrior ? PRIOR : ALL_THE_SAME;
    setText(this.samplesFrom, from);
    samples.canvas.setAttribute("aria-label", `Samples ${from}`);
  }

  /** @param {import("../data/safetensors.js").Safetensors} file  originals, reconstructions, samples: bytes, (R, C, H, W) */
  draw(file) {
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

/** @param {string} title @param {string | HTMLElement} caption @param {...HTMLElement} pictures */
function figure(title, caption, ...pictures) {
  const words = [element("strong", {}, title), " ", element("span", { class: "le-caption" }, caption)];
  return element(
    "figure",
    { class: "le-picture-figure" },
    element("figcaption", { class: "le-one-line" }, ...words),
    ...pictures,
  );
}

/**
 * One image looked at closely, the one that is pinned or else the nearest to what is: what the encoder is told, what it answers (the posterior), and what the decoder
 * makes of that: the reconstruction, where it errs, and what samples of the posterior look like.
 */

import { distanceText, valueText } from "../cursor/code-text.js";
import { ErrorPicture } from "../cursor/error-picture.js";
import { element, setText, textButton } from "../dom/dom.js";
import { FoldedTable } from "../dom/folded-table.js";
import { fixed } from "../dom/format.js";
import { Picture } from "../dom/pictures.js";
import { posteriorDeviation, samplePosterior } from "../latent/posterior.js";
import { classOf, codeOf, imageOf, labelOf } from "../latent/space.js";
import { PosteriorChart } from "./posterior-chart.js";

/** @typedef {import("../latent/space.js").Space} Space */

/** @typedef {"code" | "sample" | "near"} Belonging  its code is pinned; a sample of its posterior is; it is the nearest image */

/** How many samples of the posterior are drawn. */
const SAMPLES = 6;

/**
 * @typedef {object} Subject   whose images are looked at
 * @property {Space} space
 * @property {string} model    as the decoding service knows it
 * @property {number[]} order  of the dimensions
 */

export class OneImage {
  /**
   * @param {object} options
   * @param {import("../decode/service.js").DecodeService} options.service
   * @param {(z: Float32Array, stamp: number) => void} options.onPin       a sample of its posterior was chosen
   * @param {(index: number | null, samples: Float32Array) => void} options.onLookAt  which image the pinned latent is
   *     of, with samples of its posterior; null: of none
   * @param {(index: number, stamp: number) => void} options.onPick  its code is to be pinned
   */
  constructor({ service, onPin, onLookAt, onPick }) {
    this.service = service;
    this.onPin = onPin;
    this.onLookAt = onLookAt;
    /** @type {Subject | null} */
    this.subject = null;
    /** Of the probe; -1: none yet. */
    this.index = -1;
    /** How the pinned latent belongs to it. @type {Belonging} */
    this.how = "near";
    /** From the pinned latent to its code, in latent space. */
    this.away = 0;
    /** Codes drawn from the posterior, (S, D). */
    this.samples = new Float32Array(0);
    /** @param {string} label */
    const picture = (label) => new Picture([1, 28, 28], { "aria-label": label });
    this.original = picture("The original");
    this.reconstruction = picture("Its reconstruction");
    this.errors = new ErrorPicture();
    this.name = element("p", { class: "le-caption", "aria-live": "polite" });
    this.pick = textButton(
      "Pin this image",
      "Pin its code: exactly what the encoder says of it",
      (event) => onPick(this.index, event.timeStamp),
    );
    this.drawn = Array.from({ length: SAMPLES }, (_, k) => this.#sampleButton(k));
    this.sampleFigure = element(
      "figure",
      { class: "le-glass-samples" },
      element("div", { class: "le-glass-sheet" }, ...this.drawn.map(({ button: each }) => each)),
      element(
        "figcaption",
        { class: "le-caption le-numbers" },
        "Samples of its posterior ",
        textButton("Draw six others", "Six other samples of the same posterior", () => this.#decode()),
      ),
    );
    this.chart = new PosteriorChart();
    this.table = new FoldedTable("The image's posterior, by dimension", () => this.#content());
    this.element = element(
      "section",
      { class: "le-glass", "aria-label": "One image", "data-role": "glass" },
      element(
        "div",
        { class: "le-glass-head" },
        element("div", { class: "le-title-line" }, element("h2", {}, "One image"), this.name),
        element("div", { class: "le-buttons" }, this.pick),
      ),
      element(
        "div",
        { class: "le-glass-pictures" },
        captioned(this.original, "Original"),
        captioned(this.reconstruction, "Reconstruction"),
        this.errors.element,
        this.sampleFigure,
      ),
      this.chart.element,
      this.table.element,
    );
  }

  /**
   * @param {Space} space
   * @param {string} model    as the decoding service knows it
   * @param {number[]} order  of the dimensions
   */
  setSpace(space, model, order) {
    this.subject = { space, model, order };
    for (
      const each of [
        this.original,
        this.reconstruction,
        this.errors,
        ...this.drawn.map((d) => d.picture),
      ]
    ) {
      each.resize(space.shape);
    }
    this.sampleFigure.hidden = !space.logvar;
    this.chart.element.hidden = space.config.categories > 0; // the table has them, in no order
    this.element.classList.toggle("le-glass-point", !space.logvar);
  }

  /**
   * Look at an image.
   *
   * @param {number} index      of the probe
   * @param {Belonging} how     the pinned latent belongs to it
   * @param {number} [distance]  from there to its code, in latent space
   */
  lookAt(index, how, distance = 0) {
    if (!this.subject) return;
    const { space, order } = this.subject;
    const isOther = index !== this.index;
    const wasNear = this.how === "near";
    Object.assign(this, { index, how, away: distance });
    const label = labelOf(space, index);
    const name = label ? `image ${index}, class ${label}` : `image ${index}`;
    const away = distanceText(distance, space);
    setText(
      this.name,
      {
        code: `pinned: ${name}`,
        sample: `pinned: a sample of ${name}`,
        near: `nearest to the pin: ${name}, ${away} away`,
      }[how],
    );
    this.pick.disabled = how === "code";
    if (isOther) {
      this.original.drawBytes(imageOf(space, index));
      this.original.canvas.setAttribute("aria-label", `The original: ${name}`);
      this.chart.draw(order, codeOf(space, index), posteriorDeviation(space, index));
      this.table.refresh();
      this.#decode();
    } else if (wasNear !== (how === "near")) this.#tell();
  }

  /** @returns {Float32Array | null} a sample of the image's posterior, (D,); null before any image is looked at */
  sampleLatent() {
    return this.subject && this.index >= 0 ? samplePosterior(this.subject.space, this.index) : null;
  }

  /** The theme changed. */
  recolour() {
    this.errors.recolour();
  }

  /** Decode the image's code, and new samples of its posterior. */
  #decode() {
    const { subject, index } = this;
    if (!subject || index < 0) return;
    const { space, model } = subject;
    const count = space.logvar ? SAMPLES : 0;
    this.samples = new Float32Array(count * space.dims);
    for (let k = 0; k < count; k++) this.samples.set(samplePosterior(space, index), k * space.dims);
    const codes = new Float32Array((1 + count) * space.dims);
    codes.set(codeOf(space, index));
    codes.set(this.samples, space.dims);
    this.service.request("one-image", model, codes, 1 + count, ({ rgba }) => {
      const size = rgba.length / (1 + count);
      put(this.reconstruction, rgba.subarray(0, size));
      this.errors.show(imageOf(space, index), rgba.subarray(0, size));
      this.drawn.slice(0, count).forEach(({ picture }, k) => {
        put(picture, rgba.subarray((k + 1) * size, (k + 2) * size));
      });
    }, { label: classOf(space, index) });
    this.#tell();
  }

  /** Tell which image the pinned latent is of: its ring and the samples belong on the map. */
  #tell() {
    this.onLookAt(this.how === "near" ? null : this.index, this.samples);
  }

  /** @param {number} k  which of the samples it pins */
  #sampleButton(k) {
    const picture = new Picture([1, 28, 28], { role: null, "aria-hidden": "true" });
    const button = element(
      "button",
      {
        type: "button",
        "aria-label": `Sample ${k + 1} of the posterior`,
        title: "Pin this sample",
        click: (event) => {
          const dims = this.samples.length / SAMPLES;
          if (dims) this.onPin(this.samples.slice(k * dims, (k + 1) * dims), event.timeStamp);
        },
      },
      picture.canvas,
    );
    return { picture, button };
  }

  /** @returns {import("../dom/folded-table.js").TableContent} */
  #content() {
    const { subject, index } = this;
    if (!subject || index < 0) return { head: ["Dimension"], rows: [] };
    const { space: { mean, logvar, dims }, order } = subject;
    if (!logvar) {
      const rows = order.map((d) => [`z${d}`, valueText(mean[index * dims + d], subject.space)]);
      return { head: ["Dimension", "Code"], rows };
    }
    const rows = order.map((d) => {
      const [m, v] = [mean[index * dims + d], logvar[index * dims + d]];
      const kl = 0.5 * (m * m + Math.expm1(v) - v);
      return [`z${d}`, fixed(m), fixed(Math.exp(0.5 * v)), fixed(kl)];
    });
    return { head: ["Dimension", "Mean", "Deviation", "KL in nats"], rows };
  }
}

/** @param {Picture} picture @param {...(Node | string)} caption */
function captioned(picture, ...caption) {
  return element(
    "figure",
    {},
    picture.canvas,
    element("figcaption", { class: "le-caption le-numbers" }, ...caption),
  );
}

/** @param {Picture} picture @param {Uint8ClampedArray} rgba */
function put(picture, rgba) {
  const [, height, width] = picture.shape;
  picture.context.putImageData(new ImageData(new Uint8ClampedArray(rgba), width, height), 0, 0);
}

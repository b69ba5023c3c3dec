/**
 * Clouds: a map of posteriors. One image is looked at; z = mean + k * deviation * noise, with the factor k in the hand
 * and the noise drawn anew or kept.
 */

import { Cursor } from "../../cursor/cursor.js";
import { DecodedPicture } from "../../cursor/picture.js";
import { loadBundle } from "../../data/bundle.js";
import { element, setText, textButton } from "../../dom/dom.js";
import { fixed } from "../../dom/format.js";
import { Picture, Sheet } from "../../dom/pictures.js";
import { gaussian } from "../../latent/codes.js";
import { posteriorDeviation } from "../../latent/posterior.js";
import { codeOf, imageOf, labelOf } from "../../latent/space.js";
import { LatentMap } from "../../map/drawing/map.js";
import { makeAxes } from "../../map/scene/axes.js";
import { makeColouring } from "../../map/scene/colouring.js";
import { ChoiceButtons } from "./parts/choice-buttons.js";
import { drawDot } from "./parts/drawing.js";

/** @typedef {import("./thing.js").ThingContext} ThingContext */
/** @typedef {import("../../latent/space.js").Space} Space */

/** Draws of one image that stay to be seen. */
const KEPT = 8;
/** Pairs of images from which the usual difference between two pictures is measured. */
const PAIRS = 64;

export class CloudsThing {
  /** @param {ThingContext} context */
  constructor(context) {
    this.context = context;
    /** @type {import("../../data/bundle.js").Bundle | null} */
    this.bundle = null;
    this.isClosed = false;
    this.index = 0;
    this.factor = 1;
    this.draws = 0;
    /** The factor with which the last z was drawn; NaN while this image has none. */
    this.drawnWith = NaN;
    /** @type {"one" | "all"} */
    this.posteriors = "one";
    this.noise = new Float64Array(2);
    /** Of the image looked at, (2,). @type {Float32Array} */
    this.mean = new Float32Array(2);
    /** @type {Float32Array} */
    this.deviation = new Float32Array(2);
    /** Pixels of the mean's picture. */
    this.meanPixels = new Float32Array(0);
    /** Mean squared difference between the pictures of two images. */
    this.usualChange = NaN;
    this.change = 0;
    /** Latents of the last draws, the newest first. @type {Float32Array[]} */
    this.kept = [];
    /** The latent z. */
    this.cursor = new Cursor(new Float32Array(2));
    /** The hand on the map, with the mouse or by keys: it chooses images. */
    this.hand = new Cursor(new Float32Array(2));
    this.decoded = new DecodedPicture(context.service);
    this.trouble = element("p", { class: "le-caption", role: "status" });
    this.map = new LatentMap({
      cursor: this.hand,
      plotlyUrl: context.data.plotly,
      description: "Map of the latent space: each dot is an image. Click one to look at its cloud.",
      onTrouble: (sentence) => setText(this.trouble, sentence),
      onPickImage: (index) => this.#lookAt(index, true),
      onPick: (x, y) => this.#pickNear(x, y),
    });
    this.map.element.dataset.part = "image";
    this.original = new Picture([1, 28, 28], { "aria-label": "The image" });
    this.ofMean = new Picture([1, 28, 28], {
      "aria-label": "The picture of its mean",
      "data-quantity": "mean_0",
    });
    this.sheet = new Sheet([1, 28, 28], KEPT, 1, { "aria-label": "Pictures of the last draws" });
    this.button = textButton("Draw z", "Draw new noise, and with it a new z", () => this.#drawNoise());
    this.button.classList.add("le-learn-main");
    this.slider = element("input", {
      type: "range",
      min: "0",
      max: "12",
      step: "0.1",
      value: "1",
      class: "le-progress-slider",
      "aria-label": "Times the encoder's deviation",
      "data-quantity": "deviation",
      input: () => {
        this.factor = this.slider.valueAsNumber;
        this.#draw();
        this.context.onHand();
      },
    });
    this.factorText = element("span", { class: "le-numbers" });
    this.choice = new ChoiceButtons(
      "Whose clouds are drawn",
      [["one", "This image's cloud"], ["all", "All clouds"]],
      (which) => this.#choose(which, true),
      { "data-part": "posteriors" },
    );
    const figure = (/** @type {HTMLCanvasElement} */ canvas, /** @type {string} */ caption) =>
      element("figure", {}, canvas, element("figcaption", { class: "le-fine" }, caption));
    this.element = element(
      "div",
      { class: "le-thing le-thing-clouds" },
      element("div", { class: "le-learn-map" }, this.map.element, this.trouble),
      element(
        "div",
        { class: "le-learn-side" },
        element(
          "div",
          { class: "le-learn-pictures" },
          figure(this.original.canvas, "the image"),
          figure(this.ofMean.canvas, "decoded from μ"),
          figure(this.decoded.picture.canvas, "decoded from z"),
        ),
        element("div", { class: "le-buttons", "data-part": "draw" }, this.button),
        element(
          "label",
          { class: "le-learn-way", "data-part": "deviation" },
          element("span", { class: "le-caption" }, "Deviation, times the encoder's: ", this.factorText),
          this.slider,
        ),
        element("div", { class: "le-caption" }, "The last draws"),
        this.sheet.canvas,
        this.choice.element,
      ),
    );
    this.cursor.subscribe(({ z, stamp }) => this.decoded.draw(z, stamp));
    this.hand.subscribe(({ z, isChosen, isHover }) => {
      if (isChosen && !isHover) this.#pickNear(z[0], z[1]);
    });
  }

  async open() {
    const { bundle: source } = this.context.data;
    if (!source) throw new Error("There is no model whose clouds could be shown.");
    this.bundle = await loadBundle(source);
    if (this.isClosed) return;
    const { space, weights } = this.bundle;
    this.decoded.load(source.url, space.config, weights);
    for (const picture of [this.original, this.ofMean]) picture.resize(space.shape);
    this.sheet.resize(space.shape, KEPT, 1);
    this.usualChange = usualChange(space, this.decoded.decoder);
    this.map.read(space);
    this.map.layOut(makeAxes("0,1", space), makeColouring(space));
    this.map.drawAbove((context, viewport, theme) => this.#paint(context, viewport, theme));
    this.#choose(this.posteriors, false);
    this.#lookAt(0, false);
    await this.decoded.firstPicture;
  }

  /** @param {import("../../data/lesson.js").Settings} settings */
  set({ posteriors, deviation }) {
    if (posteriors === "one" || posteriors === "all") this.#choose(posteriors, false);
    if (typeof deviation !== "number") return;
    this.factor = deviation;
    this.slider.value = String(deviation);
    this.#draw();
    this.context.onChange();
  }

  /** @returns {import("../../data/lesson.js").Values} of its quantities */
  get values() {
    const { mean, deviation, noise, factor, bundle } = this;
    if (!bundle) return {};
    const z = this.z;
    const kl = Array.from(mean, (m, d) => 0.5 * (m * m + deviation[d] ** 2 - 1 - 2 * Math.log(deviation[d])));
    return {
      image: this.index,
      deviation: factor,
      draws: this.draws,
      is_drawn: Number(this.drawnWith === factor),
      mean_0: mean[0],
      mean_1: mean[1],
      sd_0: deviation[0],
      sd_1: deviation[1],
      eps_0: noise[0],
      eps_1: noise[1],
      z_0: z[0],
      z_1: z[1],
      kl_0: kl[0],
      kl_1: kl[1],
      kl: kl[0] + kl[1],
      change: this.change,
      change_share: this.change / this.usualChange,
      is_all: Number(this.posteriors === "all"),
    };
  }

  /** The latent that is drawn: mean + factor * deviation * noise. @returns {Float32Array} (2,) */
  get z() {
    return this.mean.map((m, d) => m + this.factor * this.deviation[d] * this.noise[d]);
  }

  recolour() {
    this.map.recolourAll();
  }

  close() {
    this.isClosed = true;
    for (const part of [this.cursor, this.hand, this.decoded, this.map]) part.close();
  }

  /** @param {number} index @param {boolean} isByHand @returns {boolean} that it is done */
  #lookAt(index, isByHand) {
    const { bundle } = this;
    const decoder = this.decoded.decoder;
    if (!bundle || !decoder) return true;
    const { space } = bundle;
    this.index = index;
    this.mean = codeOf(space, index);
    this.hand.start(this.mean); // the pin lies on it, and keys go on from there
    this.deviation = posteriorDeviation(space, index) ?? new Float32Array(2);
    this.original.drawBytes(imageOf(space, index));
    this.original.canvas.setAttribute("aria-label", `The image, of class ${labelOf(space, index)}`);
    this.meanPixels = decoder.decode(this.mean).slice();
    this.ofMean.draw(this.meanPixels);
    this.noise.fill(0);
    this.drawnWith = NaN;
    this.kept = [];
    this.sheet.clear();
    this.#draw();
    if (isByHand) this.context.onHand();
    else this.context.onChange();
    return true;
  }

  /** @param {number} x @param {number} y  in axis units @returns {boolean} that it is done */
  #pickNear(x, y) {
    if (!this.bundle) return true;
    const { mean, count } = this.bundle.space;
    let [best, found] = [Infinity, 0];
    for (let n = 0; n < count; n++) {
      const square = (mean[2 * n] - x) ** 2 + (mean[2 * n + 1] - y) ** 2;
      if (square < best) [best, found] = [square, n];
    }
    return this.#lookAt(found, true);
  }

  #drawNoise() {
    this.noise = Float64Array.from([gaussian(this.context.random), gaussian(this.context.random)]);
    this.draws += 1;
    this.drawnWith = this.factor;
    this.kept = [this.z, ...this.kept].slice(0, KEPT);
    const decoder = this.decoded.decoder;
    this.kept.forEach((z, n) => decoder && this.sheet.draw(n, decoder.decode(z), 255));
    this.#draw();
    this.context.onHand();
  }

  /** @param {"one" | "all"} which @param {boolean} isByHand */
  #choose(which, isByHand) {
    this.posteriors = which;
    this.choice.mark(which);
    this.map.setLayers(new Set(which === "all" ? ["ellipses", "prior"] : ["prior"]));
    if (isByHand) this.context.onHand();
  }

  #draw() {
    const decoder = this.decoded.decoder;
    if (!decoder) return;
    const z = this.z;
    const pixels = decoder.decode(z);
    this.change = squaredChange(pixels, this.meanPixels);
    this.cursor.pin(z);
    setText(this.factorText, fixed(this.factor, 1));
    this.map.redraw();
  }

  /**
   * The cloud: one and two of its deviations, as often as the hand says; its mean, and where draws lie.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {import("../../map/scene/viewport.js").Viewport} viewport
   * @param {import("../../dom/theme.js").Theme} theme
   */
  #paint(context, viewport, theme) {
    const unit = viewport.width / (viewport.x1 - viewport.x0);
    const [x, y] = viewport.toPixels(this.mean[0], this.mean[1]);
    context.save();
    Object.assign(context, { strokeStyle: theme.text, fillStyle: theme.accent });
    for (const times of [2, 1]) {
      const [rx, ry] = Array.from(this.deviation, (sd) => Math.max(1, times * this.factor * sd * unit));
      context.beginPath();
      context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
      context.globalAlpha = 0.22;
      context.fill();
      context.globalAlpha = 1;
      context.lineWidth = times === 1 ? 2 : 1;
      context.stroke();
    }
    drawDot(context, x, y, 3, theme.text);
    for (const [n, z] of this.kept.entries()) {
      const [left, top] = viewport.toPixels(z[0], z[1]);
      drawDot(context, left, top, n ? 3 : 4, theme.background);
      drawDot(context, left, top, n ? 2 : 3, theme.accent);
    }
    const [left, top] = viewport.toPixels(this.z[0], this.z[1]);
    context.strokeStyle = theme.text;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(left, top, 7, 0, 2 * Math.PI);
    context.stroke();
    context.restore();
  }
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b @returns {number} mean squared difference per pixel */
function squaredChange(a, b) {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += (a[p] - b[p]) ** 2;
  return sum / a.length;
}

/**
 * @param {Space} space
 * @param {import("../../decode/decoder.js").Decoder | null} decoder
 * @returns {number} mean squared difference per pixel between the pictures of two images' means
 */
function usualChange(space, decoder) {
  if (!decoder || space.count < 2) return NaN;
  let sum = 0;
  for (let k = 0; k < PAIRS; k++) {
    // A fixed set of pairs, spread over all images: the same number at each visit.
    const [a, b] = [(k * 7919) % space.count, (k * 104729 + 1) % space.count];
    const first = decoder.decode(codeOf(space, a)).slice();
    sum += squaredChange(first, decoder.decode(codeOf(space, b)));
  }
  return sum / PAIRS;
}

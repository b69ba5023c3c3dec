/**
 * Trick: a small VAE that trains in the page, one of its images in the hand. The noise is frozen or drawn anew, z moves
 * with q's mean and deviation; the slope of the expected misfit is estimated through the draw and by q's score.
 */

import { element, setText, textButton } from "../../dom/dom.js";
import { fixed, short } from "../../dom/format.js";
import { gaussian, seededRandom } from "../../latent/codes.js";
import { drawDot, Drawing, drawLine } from "./parts/drawing.js";
import { nearestOf, Plane } from "./parts/plane.js";
import { RangeField } from "./parts/range-field.js";
import {
  Adam,
  decode,
  lossAndGradient,
  makeSmallVae,
  misfitAt,
  momentsOf,
  slopeByQuadrature,
  slopeEstimates,
} from "./parts/small-vae.js";

/** @typedef {import("./thing.js").ThingContext} ThingContext */
/** @typedef {import("./parts/plane.js").Point} Point */

/** Points of the data. */
const COUNT = 40;
const HIDDEN = 16;
/** Steps of training in all, and in one animation frame. */
const STEPS = 660;
const AT_ONCE = 30;
/** Draws for the two estimators. */
const DRAWS = 1000;

/** Points along a bent line, the same for everyone. @returns {Point[]} */
function bentLine() {
  const random = seededRandom(7);
  return Array.from({ length: COUNT }, (_, n) => {
    const t = -1.4 + (2.8 * n) / (COUNT - 1);
    return [1.25 * t + 0.12 * gaussian(random), 1.1 * t * t - 1 + 0.12 * gaussian(random)];
  });
}

export class TrickThing {
  /** @param {ThingContext} context */
  constructor(context) {
    this.context = context;
    this.points = bentLine();
    const random = seededRandom(context.lesson.seed ?? 11);
    this.random = () => gaussian(random);
    this.vae = makeSmallVae(COUNT, HIDDEN, this.random);
    this.adam = new Adam(this.vae, 0.02);
    this.loss = NaN;
    this.index = 30;
    this.noise = 1;
    this.isFrozen = false;
    this.frame = 0;
    /** Travelled by the mean while the noise was frozen. */
    this.travelled = 0;
    this.draws = 0;
    /** @type {{path: Float64Array, score: Float64Array} | null} */
    this.estimates = null;
    this.plane = new Plane({
      label: "The plane: points, the curve that the decoder draws, and where z comes out",
      reach: 2.4,
      onPress: (at) => this.#choose(nearestOf(this.points, at).index, true),
      paint: (plane, frame) => this.#paintPlane(plane, frame),
      attributes: { "data-part": "points" },
    });
    this.line = new Drawing("q(z), the noise and z", (frame) => this.#paintLine(frame), {
      "data-quantity": "z",
    });
    this.spread = new Drawing("Both estimators' draws", (frame) => this.#paintSpread(frame), {
      "data-quantity": "variance_ratio",
    });
    this.mean = new RangeField({
      label: "Mean of q, μ",
      least: -3,
      greatest: 3,
      step: 0.005,
      value: 0,
      onChange: (value) => this.#moveMean(value),
      attributes: { "data-quantity": "mean" },
    });
    this.sd = new RangeField({
      label: "Deviation of q, σ",
      least: 0.02,
      greatest: 1,
      step: 0.01,
      value: 0.2,
      onChange: () => {
        this.estimates = null;
        this.#draw(true);
      },
      attributes: { "data-quantity": "sd" },
    });
    this.freeze = textButton("Freeze the noise", "Keep ε as it is while μ and σ move", () => {
      this.isFrozen = !this.isFrozen;
      this.travelled = 0;
      this.#draw(true);
    });
    this.again = textButton("New noise", "Draw ε anew", () => {
      this.noise = gaussian(this.context.random);
      this.#draw(true);
    });
    this.measure = textButton(
      `Draw ${DRAWS} and compare`,
      "Estimate the slope from each draw in both ways",
      () => this.#measure(),
    );
    this.measure.classList.add("le-learn-main");
    this.status = element("span", { class: "le-caption", role: "status" });
    this.element = element(
      "div",
      { class: "le-thing le-thing-halves" },
      element(
        "div",
        { class: "le-learn-side" },
        this.plane.drawing.canvas,
        this.status,
      ),
      element(
        "div",
        { class: "le-learn-side" },
        this.line.canvas,
        element("div", { class: "le-buttons", "data-part": "noise" }, this.freeze, this.again),
        element("div", { "data-part": "mean" }, this.mean.element),
        element("div", { "data-part": "sd" }, this.sd.element),
        element("div", { class: "le-buttons", "data-part": "measure" }, this.measure),
        this.spread.canvas,
      ),
    );
  }

  /** Train until the decoder draws the points. @returns {Promise<void>} */
  open() {
    return new Promise((resolve) => {
      const go = () => {
        for (let k = 0; k < AT_ONCE; k++) {
          const noise = Float64Array.from({ length: COUNT }, () => this.random());
          const { loss, gradient } = lossAndGradient(this.vae, this.points, noise);
          this.loss = loss;
          this.adam.update(this.vae, gradient);
        }
        setText(this.status, `Trained ${this.adam.step} steps here: loss ${fixed(this.loss)} nats`);
        this.plane.draw();
        if (this.adam.step < STEPS) {
          this.frame = requestAnimationFrame(go);
          return;
        }
        this.#choose(this.index, false);
        resolve();
      };
      go();
    });
  }

  /** @param {import("../../data/lesson.js").Settings} settings */
  set({ noise, sd, q }) {
    if (q === "trained") this.#choose(this.index, false);
    if (noise === "frozen" || noise === "free") this.isFrozen = noise === "frozen";
    if (typeof sd === "number") {
      this.sd.value = sd;
      this.estimates = null;
    }
    this.#draw(false);
  }

  /** @returns {import("../../data/lesson.js").Values} of its quantities */
  get values() {
    const { estimates, z } = this;
    const x = this.points[this.index];
    const { misfit, slope } = misfitAt(this.vae, x, z);
    const path = momentsOf(estimates?.path ?? []);
    const score = momentsOf(estimates?.score ?? []);
    return {
      mean: this.mean.value,
      sd: this.sd.value,
      noise: this.noise,
      z,
      is_frozen: Number(this.isFrozen),
      travelled: this.travelled,
      misfit,
      slope,
      draws: this.draws,
      path_mean: estimates ? path.mean : NaN,
      score_mean: estimates ? score.mean : NaN,
      path_variance: path.variance,
      score_variance: score.variance,
      variance_ratio: score.variance / path.variance,
      exact: slopeByQuadrature(this.vae, x, this.mean.value, this.sd.value),
      loss: this.loss,
    };
  }

  /** The draw. */
  get z() {
    return this.mean.value + this.sd.value * this.noise;
  }

  recolour() {
    for (const part of [this.plane, this.line, this.spread]) part.draw();
  }

  close() {
    cancelAnimationFrame(this.frame);
    for (const part of [this.plane, this.line, this.spread]) part.close();
  }

  /** @param {number} index @param {boolean} isByHand */
  #choose(index, isByHand) {
    this.index = index;
    this.mean.value = this.vae.mean[index];
    this.sd.value = Math.max(0.02, Math.exp(this.vae.logsd[index]));
    this.lastMean = this.mean.value;
    this.estimates = null;
    this.#draw(isByHand);
  }

  /** @param {number} value */
  #moveMean(value) {
    // Free noise is drawn anew with every move: z jumps, and what the mean does to it cannot be seen.
    if (!this.isFrozen) this.noise = gaussian(this.context.random);
    else this.travelled += Math.abs(value - (this.lastMean ?? value));
    this.lastMean = value;
    this.estimates = null;
    this.#draw(true);
  }

  #measure() {
    const noise = Float64Array.from({ length: DRAWS }, () => gaussian(this.context.random));
    this.estimates = slopeEstimates(this.vae, this.points[this.index], this.mean.value, this.sd.value, noise);
    this.draws += 1;
    this.#draw(true);
  }

  /** @param {boolean} isByHand */
  #draw(isByHand) {
    this.freeze.setAttribute("aria-pressed", String(this.isFrozen));
    setText(this.freeze, this.isFrozen ? "The noise is frozen: let it go" : "Freeze the noise");
    this.recolour();
    if (isByHand) this.context.onHand();
    else this.context.onChange();
  }

  /** @param {Plane} plane @param {import("./parts/drawing.js").Frame} frame */
  #paintPlane(plane, { context, theme }) {
    const curve = Array.from({ length: 121 }, (_, k) => plane.toPixels(decode(this.vae, -3 + k / 20).x));
    drawLine(context, curve, theme.accent, { width: 1.5 });
    const [m, s] = [this.mean.value, this.sd.value];
    const q = Array.from({ length: 25 }, (_, k) => plane.toPixels(decode(this.vae, m + s * (k / 12 - 1)).x));
    drawLine(context, q, "#e76300", { width: 6 });
    this.points.forEach((point, n) =>
      plane.dot(context, point, n === this.index ? 7 : 3.5, n === this.index ? theme.text : theme.muted)
    );
    const made = decode(this.vae, this.z).x;
    drawLine(context, [plane.toPixels(this.points[this.index]), plane.toPixels(made)], theme.text, {
      width: 1,
      dash: [3, 3],
    });
    plane.dot(context, made, 5, "#e76300");
    context.fillStyle = theme.muted;
    context.textBaseline = "top";
    context.fillText("curve: the decoder; orange: decoded from q", 8, 8);
  }

  /** Zoomed to the posterior. @param {import("./parts/drawing.js").Frame} frame */
  #paintLine({ context, width, height, theme }) {
    const [m, s] = [this.mean.value, this.sd.value];
    // The zoom follows the trained posterior, so that a mean that is pulled moves.
    const middle = this.vae.mean[this.index];
    const reach = Math.max(0.6, 5 * Math.exp(this.vae.logsd[this.index]), 1.2 * Math.abs(m - middle) + 3 * s);
    const x = (/** @type {number} */ z) => width / 2 + ((z - middle) / reach) * (width / 2);
    const base = height - 20;
    const bell = Array.from({ length: 121 }, (_, k) => {
      const e = -4 + k / 15;
      return /** @type {[number, number]} */ ([x(m + s * e), base - (base - 14) * Math.exp(-0.5 * e * e)]);
    });
    drawLine(context, [[0, base], [width, base]], theme.line, { width: 1 });
    drawLine(context, bell, "#e76300");
    drawLine(context, [[x(m), base], [x(m), 14]], theme.muted, { width: 1, dash: [3, 3] });
    drawLine(context, [[x(m), base - 6], [x(this.z), base - 6]], theme.text, { width: 2 });
    drawDot(context, x(this.z), base, 6, theme.accent);
    context.fillStyle = theme.muted;
    context.textBaseline = "bottom";
    context.fillText(
      `z = μ + σ ε = ${fixed(m)} + ${fixed(s)} · ${fixed(this.noise)} = ${fixed(this.z)}`,
      0,
      height,
    );
  }

  /** @param {import("./parts/drawing.js").Frame} frame */
  #paintSpread({ context, width, height, theme }) {
    const { estimates } = this;
    const { exact, path_variance, score_variance } = this.values;
    if (!estimates) {
      context.fillStyle = theme.muted;
      context.textBaseline = "middle";
      context.fillText("Draw, and each draw's estimate of the slope stands here.", 0, height / 2);
      return;
    }
    const far = 3 * Math.sqrt(Math.max(path_variance, score_variance)) || 1;
    const x = (/** @type {number} */ v) =>
      width / 2 + Math.max(-1, Math.min(1, (v - exact) / far)) * (width / 2 - 4);
    const rows = /** @type {Array<[string, Float64Array, number]>} */ ([
      ["through the draw", estimates.path, path_variance],
      ["by the score", estimates.score, score_variance],
    ]);
    rows.forEach(([name, values, variance], n) => {
      const y = 20 + n * (height / 2 - 4);
      context.fillStyle = n ? theme.muted : theme.accent;
      context.globalAlpha = 0.35;
      values.slice(0, 300).forEach((value, k) => context.fillRect(x(value) - 1, y + (k % 12) * 1.6, 2, 2));
      context.globalAlpha = 1;
      context.fillStyle = theme.muted;
      context.textBaseline = "bottom";
      context.fillText(`${name}: variance ${short(variance)}`, 0, y - 2);
    });
    drawLine(context, [[x(exact), 8], [x(exact), height]], theme.text, { width: 1 });
    this.spread.describe(
      `Variance through the draw ${short(path_variance)}, by the score ${short(score_variance)}`,
    );
  }
}

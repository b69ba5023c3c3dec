/**
 * Bound: points that the learner sets in the plane, a model with one latent, and q(z) of one point in the hand; log p(x)
 * as the sum of the ELBO and KL(q || p(z|x)), exactly and by quadrature, and what the article prints beside it.
 */

import { element, textButton } from "../../dom/dom.js";
import { fixed } from "../../dom/format.js";
import { Drawing, drawLine } from "./parts/drawing.js";
import {
  boundOf,
  fitModel,
  logEvidence,
  logEvidenceByQuadrature,
  posteriorOf,
} from "./parts/linear-gaussian.js";
import { nearestOf, Plane } from "./parts/plane.js";
import { RangeField } from "./parts/range-field.js";

/** @typedef {import("./thing.js").ThingContext} ThingContext */
/** @typedef {import("./parts/plane.js").Point} Point */

/** Points to begin with. @type {Point[]} */
const FIRST = [
  [-1.7, -0.9],
  [-1.2, -0.5],
  [-0.7, -0.45],
  [-0.2, 0],
  [0.3, 0.05],
  [0.8, 0.5],
  [1.2, 0.5],
  [1.6, 0.9],
];
/** Points at most. */
const MOST = 40;

export class BoundThing {
  /** @param {ThingContext} context */
  constructor(context) {
    this.context = context;
    /** @type {Point[]} */
    this.points = FIRST.map(([x, y]) => [x, y]);
    this.index = 5;
    /** Points that the learner set. */
    this.added = 0;
    this.plane = new Plane({
      label: "The plane: your points, and the line that the decoder draws",
      reach: 2.5,
      onPress: (at, reach) => this.#press(at, reach),
      paint: (plane, frame) => this.#paintPlane(plane, frame),
      attributes: { "data-part": "points", "data-quantity": "points" },
    });
    const changed = () => this.#draw(true);
    this.noise = new RangeField({
      label: "Noise of p(x|z)",
      least: 0.1,
      greatest: 1,
      step: 0.01,
      value: 0.4,
      onChange: changed,
      attributes: { "data-quantity": "noise" },
    });
    this.mean = new RangeField({
      label: "Mean of q",
      least: -3,
      greatest: 3,
      step: 0.01,
      value: -1,
      onChange: changed,
      attributes: { "data-quantity": "q_mean" },
    });
    this.sd = new RangeField({
      label: "Deviation of q",
      least: 0.02,
      greatest: 1.5,
      step: 0.01,
      value: 1,
      onChange: changed,
      attributes: { "data-quantity": "q_sd" },
    });
    this.noise.element.dataset.part = "noise";
    this.densities = new Drawing("q(z) and p(z|x)", (frame) => this.#paintDensities(frame), {
      "data-quantity": "gap",
    });
    this.levels = new Drawing(
      "log p(x), the ELBO and what the article prints",
      (frame) => this.#paintLevels(frame),
      {
        class: "le-levels",
      },
    );
    this.element = element(
      "div",
      { class: "le-thing le-thing-halves" },
      element(
        "div",
        { class: "le-learn-side" },
        this.plane.drawing.canvas,
        element(
          "div",
          { class: "le-buttons" },
          element("span", { class: "le-caption" }, "Press to set a point, or on a point to choose it."),
          textButton("Set back", "Begin again with the first points", () => this.#setBack()),
        ),
        this.noise.element,
      ),
      element(
        "div",
        { class: "le-learn-side" },
        this.densities.canvas,
        element("div", { class: "le-learn-side", "data-part": "q" }, this.mean.element, this.sd.element),
        this.levels.canvas,
      ),
    );
  }

  open() {
    this.#draw(false);
    return Promise.resolve();
  }

  /** @param {import("../../data/lesson.js").Settings} settings */
  set({ noise }) {
    if (typeof noise !== "number") return;
    this.noise.value = noise;
    this.#draw(false);
  }

  /** @returns {import("../../data/lesson.js").Values} of its quantities */
  get values() {
    const x = this.points[this.index];
    const { model } = this;
    const q = { mean: this.mean.value, sd: this.sd.value };
    const posterior = posteriorOf(model, x);
    const { reconstruction, kl, elbo, gap, joint, article } = boundOf(model, x, q);
    const evidence = logEvidence(model, x);
    return {
      points: this.points.length,
      added: this.added,
      x_0: x[0],
      x_1: x[1],
      noise: model.noise,
      q_mean: q.mean,
      q_sd: q.sd,
      posterior_mean: posterior.mean,
      posterior_sd: posterior.sd,
      offset: Math.abs(q.mean - posterior.mean) / posterior.sd,
      width: q.sd / posterior.sd,
      evidence,
      quadrature: logEvidenceByQuadrature(model, x),
      reconstruction,
      kl,
      elbo,
      gap,
      joint,
      article,
      article_above: article - evidence,
    };
  }

  /** Fitted to the points that are there. */
  get model() {
    return fitModel(this.points, this.noise.value);
  }

  recolour() {
    for (const part of [this.plane, this.densities, this.levels]) part.draw();
  }

  close() {
    for (const part of [this.plane, this.densities, this.levels]) part.close();
  }

  /** @param {Point} at @param {number} reach */
  #press(at, reach) {
    const { index, distance } = nearestOf(this.points, at);
    if (distance <= reach) this.index = index;
    else if (this.points.length < MOST) {
      this.points.push(at);
      this.index = this.points.length - 1;
      this.added += 1;
    }
    this.#draw(true);
  }

  #setBack() {
    this.points = FIRST.map(([x, y]) => [x, y]);
    this.index = 5;
    this.#draw(true);
  }

  /** @param {boolean} isByHand */
  #draw(isByHand) {
    this.recolour();
    if (isByHand) this.context.onHand();
    else this.context.onChange();
  }

  /** @param {Plane} plane @param {import("./parts/drawing.js").Frame} frame */
  #paintPlane(plane, { context, theme }) {
    const { w, b, noise } = this.model;
    const at = (/** @type {number} */ z) => plane.toPixels([b[0] + z * w[0], b[1] + z * w[1]]);
    const unit = plane.size / (2 * plane.reach);
    context.globalAlpha = 0.15;
    drawLine(context, [at(-2), at(2)], theme.accent, { width: 2 * noise * unit });
    context.globalAlpha = 1;
    drawLine(context, [at(-3), at(3)], theme.accent, { width: 1.5 });
    const { mean, sd } = { mean: this.mean.value, sd: this.sd.value };
    drawLine(context, [at(mean - sd), at(mean + sd)], "#e76300", { width: 6 });
    for (const [n, point] of this.points.entries()) {
      plane.dot(context, point, n === this.index ? 7 : 4, n === this.index ? theme.text : theme.muted);
    }
    context.fillStyle = theme.muted;
    context.textBaseline = "top";
    context.fillText("blue: w z + b;  orange: q's ±1 deviation", 8, 8);
  }

  /** @param {import("./parts/drawing.js").Frame} frame */
  #paintDensities({ context, width, height, theme }) {
    const { posterior_mean, posterior_sd, q_mean, q_sd } = this.values;
    const density = (/** @type {number} */ z, /** @type {number} */ m, /** @type {number} */ s) =>
      Math.exp(-0.5 * ((z - m) / s) ** 2) / (s * Math.sqrt(2 * Math.PI));
    const top = 1.1 * Math.max(density(0, 0, posterior_sd), Math.min(density(0, 0, q_sd), 4 / posterior_sd));
    const curve = (/** @type {number} */ m, /** @type {number} */ s) =>
      Array.from({ length: 240 }, (_, k) => {
        const z = -3 + (6 * k) / 239;
        return /** @type {[number, number]} */ ([
          (k / 239) * width,
          (height - 18) * (1 - Math.min(1, density(z, m, s) / top)),
        ]);
      });
    drawLine(context, [[0, height - 18], [width, height - 18]], theme.line, { width: 1 });
    drawLine(context, curve(0, 1), theme.line, { dash: [4, 4] });
    drawLine(context, curve(posterior_mean, posterior_sd), theme.accent);
    drawLine(context, curve(q_mean, q_sd), "#e76300");
    context.fillStyle = theme.muted;
    context.textBaseline = "bottom";
    context.fillText("z: blue p(z|x), orange q(z), dashed p(z)", 0, height);
  }

  /** @param {import("./parts/drawing.js").Frame} frame */
  #paintLevels({ context, width, height, theme }) {
    const { evidence, elbo, article, gap } = this.values;
    this.levels.describe(
      `log p(x) ${fixed(evidence)}, ELBO ${fixed(elbo)}, the article's right side ${fixed(article)}`,
    );
    const bars = /** @type {Array<[string, number, string]>} */ ([
      ["log p(x)", evidence, theme.accent],
      ["ELBO", elbo, "#e76300"],
      ["as printed", article, theme.muted],
    ]);
    const [least, greatest] = [
      Math.max(-14, Math.min(evidence, elbo, article) - 1),
      Math.max(3, evidence, article) + 0.5,
    ];
    const y = (/** @type {number} */ v) =>
      8 + ((greatest - Math.max(least, v)) / (greatest - least)) * (height - 30);
    const wide = width / bars.length;
    bars.forEach(([name, value, colour], n) => {
      drawLine(context, [[n * wide + 8, y(value)], [(n + 1) * wide - 8, y(value)]], colour, { width: 4 });
      context.fillStyle = theme.text;
      context.textAlign = "center";
      context.textBaseline = "bottom";
      context.fillText(value < least ? `↓ ${fixed(value)}` : fixed(value), (n + 0.5) * wide, y(value) - 3);
      context.fillStyle = theme.muted;
      context.fillText(name, (n + 0.5) * wide, height);
    });
    drawLine(context, [[0, y(evidence)], [width, y(evidence)]], theme.accent, { width: 1, dash: [3, 5] });
    if (y(elbo) - y(evidence) < 34) return;
    context.fillStyle = theme.muted;
    context.textBaseline = "middle";
    context.fillText(`KL ${fixed(gap)}`, 1.5 * wide, (y(elbo) + y(evidence)) / 2 - 6);
  }
}

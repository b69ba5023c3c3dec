/** The steps of slow motion: what happens in each, the formula, and from when on its numbers are seen. */

import { grouped, short } from "../../dom/format.js";

/** @typedef {import("./detail.js").Detail} Detail */

/**
 * @typedef {object} Step
 * @property {string} name       short, for the row of steps
 * @property {string} title
 * @property {string} formula
 * @property {(detail: Detail, n: number) => string} says
 * @property {string} part       what is new in the picture: a column or a section of the panel
 * @property {boolean} [needsPosterior]
 */

/** @typedef {import("../../latent/space.js").ModelConfig["likelihood"]} Likelihood */

/**
 * @typedef {object} Wording  what depends on the update
 * @property {string | ((detail: Detail, likelihood: Likelihood) => string)} formula
 *
 * @typedef {Omit<Step, "formula"> & Wording} StepPattern
 */

/** How each likelihood measures a picture, as in `vae_core/models/objective.py`. @type {Record<Likelihood, string>} */
const RECONSTRUCTION = {
  bernoulli: "−log p(x|z) = −Σ [x log x̂ + (1 − x) log(1 − x̂)]",
  gaussian: "−log p(x|z) = Σ [½ (x − x̂)² + ½ log 2π]",
  gaussian_learned: "−log p(x|z) = Σ [(x − x̂)² / 2s² + ½ log 2πs²]",
};

/** @param {number} value @returns {string} a setting as it was given, e.g. "0.001" */
function plain(value) {
  return String(Number(value.toPrecision(3)));
}

/** Of all families, in their order. @type {StepPattern[]} */
const STEPS = [
  {
    name: "Image",
    part: "x",
    title: "An image goes in",
    formula: "x",
    says: ({ batch, count }) =>
      `The step took ${
        grouped(batch ?? count)
      } images at once; these are ${count} of them. Choose one above.`,
  },
  {
    name: "Mean, deviation",
    part: "mean",
    title: "The encoder says where its code lies, and how surely",
    formula: ({ isGaussian }) =>
      isGaussian ? "(μ, log σ²) = encoder(x),   σ = exp(½ log σ²)" : "z = encoder(x)",
    says: ({ isGaussian }) =>
      isGaussian
        ? "On the map: a cross at the mean μ, a ring one deviation σ around it."
        : "An autoencoder’s code is one point; nothing is drawn at random.",
  },
  {
    name: "Noise",
    part: "noise",
    needsPosterior: true,
    title: "Noise is drawn, the same way for every image",
    formula: "ε ~ N(0, 1)",
    says: () =>
      "One number for each dimension, drawn without looking at the image. On the map: the way it points.",
  },
  {
    name: "Code",
    part: "z",
    needsPosterior: true,
    title: "Mean, deviation and noise make the code",
    formula: "z = μ + σ · ε",
    says: () => "The dot on the map. Chance comes in from outside, so gradients can flow through μ and σ.",
  },
  {
    name: "Decoded",
    part: "reconstruction",
    title: "The decoder draws the code",
    formula: "x̂ = decoder(z)",
    says: () => "This picture was made before the weights moved. The closer it is to the image, the better.",
  },
  {
    name: "Loss",
    part: "loss",
    title: "What is wrong, in nats",
    formula: ({ isGaussian }, likelihood) =>
      `L = ${isGaussian ? "−log p(x|z) + β KL,   KL = Σ ½ (μ² + σ² − 1 − log σ²)" : "−log p(x|z)"}\n` +
      (RECONSTRUCTION[likelihood] ?? ""),
    says: (detail, n) => {
      const { reconstruction, kl, total } = detail.loss(n);
      if (kl === null) return `Only the reconstruction counts: ${short(reconstruction)} nats.`;
      return (
        `The reconstruction costs ${short(reconstruction)} nats, telling the code costs ${short(kl)}; ` +
        `with beta ${plain(detail.beta)} that is ${short(total)} nats in all.` +
        (detail.freeBits > 0
          ? ` Free bits: a dimension whose KL is below ${
            plain(detail.freeBits)
          } nats in the batch’s mean counts ` +
            "as that much, and pulls at nothing."
          : "")
      );
    },
  },
  {
    name: "Gradient",
    part: "gradient",
    title: "Which way the loss falls",
    formula: ({ isGaussian }) =>
      isGaussian ? "∂L/∂μ = ∂L/∂z + β μ\n∂L/∂log σ² = ½ σ ε · ∂L/∂z + ½ β (σ² − 1)" : "∂L/∂z",
    says: ({ isGaussian }) =>
      isGaussian
        ? "Arrows point downhill. On z pulls the reconstruction alone; on μ and σ the KL pulls as well, to the " +
          "prior’s centre and width."
        : "The arrow on the map points downhill: where the reconstruction would be better.",
  },
  {
    name: "Weights",
    part: "weights",
    title: "All weights move a little",
    formula: "θ ← θ − learning rate · Adam(mean of ∂L/∂θ over the batch)",
    says: ({ learningRate, weightChange }) =>
      `At learning rate ${plain(learningRate)} the ${
        grouped(Object.keys(weightChange).length)
      } tensors of weights ` +
      "moved by these lengths. Then the next images go in.",
  },
];

/**
 * @param {Detail} detail
 * @param {Likelihood} likelihood
 * @returns {Step[]} those that this family has
 */
export function stepsOf(detail, likelihood) {
  return STEPS.filter((step) => detail.isGaussian || !step.needsPosterior).map((step) => ({
    ...step,
    formula: typeof step.formula === "string" ? step.formula : step.formula(detail, likelihood),
  }));
}

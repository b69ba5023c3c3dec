/**
 * Our architectures' decoders as lists of layers: those of `vae_core/models/vae.py`, from a model's config. Widths
 * are read off the weights.
 */

import { FormatError } from "../data/safetensors.js";

/** @typedef {import("../latent/space.js").ModelConfig} ModelConfig */
/** @typedef {import("./layers/weights.js").Weights} Weights */
/** @typedef {{kind: string, [field: string]: unknown}} LayerEntry */

const RELU = { kind: "activation", function: "relu" };
const LEAKY = { kind: "activation", function: "leaky_relu", slope: 0.1 };
const SIGMOID = { kind: "activation", function: "sigmoid" };

/**
 * From a latent to a picture: to the probabilities of a Bernoulli, the mean of a Gaussian.
 *
 * @param {ModelConfig} config
 * @param {Weights} weights  `decoder.*`
 * @returns {LayerEntry[]}
 * @throws {FormatError} if there is no such architecture, or weights are missing
 */
export function decoderLayers(config, weights) {
  const make = { mlp: mlpLayers, conv: convLayers, article: articleLayers }[config.architecture];
  if (!make) throw new FormatError(`Its architecture, “${config.architecture}”, is not known here.`);
  const label = config.n_classes ? [{ kind: "append_label", classes: config.n_classes }] : [];
  const squash = config.likelihood === "bernoulli" ? [SIGMOID] : [];
  return [...label, ...make(config, (name) => widthOf(weights, name)), ...squash];
}

/** @typedef {(name: string) => number} Width  how many answers a part of the decoder has */

/** @param {ModelConfig} config @param {Width} width @returns {LayerEntry[]} */
function mlpLayers({ image_shape: shape }, width) {
  const output = { kind: "dense", name: "decoder.output", outputs: shape[0] * shape[1] * shape[2] };
  return [dense("dense1", width), RELU, output, { kind: "reshape", shape }];
}

/** @param {ModelConfig} config @param {Width} width @returns {LayerEntry[]} */
function convLayers({ image_shape: [channels, height, breadth] }, width) {
  const deepened = ["dense2", "dense3"].map((name) => ({
    kind: "residual",
    layers: [dense(name, width), LEAKY],
  }));
  return [
    ...[dense("dense1", width), LEAKY, ...deepened, dense("dense4", width), LEAKY],
    onGrid(width("dense4"), height, breadth),
    ...[doubling("deconv1", width("deconv1"), 4, true), LEAKY, doubling("output", channels, 4, true)],
    { kind: "crop", height, width: breadth },
  ];
}

/** @param {ModelConfig} config @param {Width} width @returns {LayerEntry[]} */
function articleLayers({ image_shape: [channels, height, breadth] }, width) {
  return [
    ...[dense("dense1", width), RELU, norm("norm1"), onGrid(width("dense1"), height, breadth)],
    ...[doubling("deconv1", width("norm2"), 5, false), norm("norm2"), RELU],
    ...[doubling("output", channels, 5, false), { kind: "crop", height, width: breadth }],
  ];
}

/** @param {string} name @param {Width} width @returns {LayerEntry} */
function dense(name, width) {
  return { kind: "dense", name: `decoder.${name}`, outputs: width(name) };
}

/** @param {string} name @returns {LayerEntry} */
function norm(name) {
  return { kind: "batch_norm", name: `decoder.${name}` };
}

/** A transposed convolution that doubles height and width.
 * @param {string} name @param {number} channels @param {number} kernel @param {boolean} bias @returns {LayerEntry} */
function doubling(name, channels, kernel, bias) {
  const size = { kernel, stride: 2, padding: (kernel - 1) >> 1, output_padding: kernel % 2 };
  return { kind: "transposed_convolution", name: `decoder.${name}`, channels, bias, ...size };
}

/** Numbers seen as an image of a quarter of the sides. @param {number} numbers @param {number} height @param {number} width @returns {LayerEntry} */
function onGrid(numbers, height, width) {
  const [h, w] = [Math.ceil(height / 4), Math.ceil(width / 4)];
  return { kind: "reshape", shape: [numbers / (h * w), h, w] };
}

/** @param {Weights} weights @param {string} name @returns {number} */
function widthOf(weights, name) {
  const bias = weights.get(`decoder.${name}.bias`);
  if (!bias) throw new FormatError(`Its weights “decoder.${name}.bias” are missing.`);
  return bias.length;
}

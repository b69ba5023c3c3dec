/**
 * Run a decoder where the hand is: from a latent to a picture, in a millisecond or two.
 *
 * The layers are those listed in `vae_core/model.py`, made from a model's config and its tensors' names alone.
 */

import { FormatError } from "../data/safetensors.js";
import { batchNorm, dense, transposedConvolution } from "./net-layers.js";

/** @typedef {import("../latent/space.js").ModelConfig} ModelConfig */
/** @typedef {import("./net-layers.js").Layer} Layer */
/** @typedef {import("../data/safetensors.js").Weights} Weights */

const BATCH_NORM_EPSILON = 1e-5;
const [LINEAR, RELU, LEAKY] = [1, 0, 0.1]; // an activation's slope below zero

/** One decoder, ready to run. It has one set of buffers: it decodes one picture at a time. */
export class Decoder {
  /**
   * @param {ModelConfig} config
   * @param {Weights} weights  `decoder.*`
   * @throws {FormatError} if the weights are not those of such a model
   */
  constructor(config, weights) {
    this.config = config;
    const [channels, height, width] = config.image_shape;
    this.channels = channels;
    this.height = height;
    this.width = width;
    /** How many numbers a picture has. */
    this.size = channels * height * width;
    this.dims = config.latent_dim;
    this.code = new Float32Array(config.latent_dim + config.n_classes);
    const reader = new WeightReader(weights);
    const make = { mlp: makeMlp, conv: makeConv, article: makeArticle }[config.architecture];
    if (!make) throw new FormatError(`Its architecture, “${config.architecture}”, is not known here.`);
    const { layers, gridWidth, channelsLast } = make(config, reader);
    /** @type {Layer[]} */
    this.layers = layers;
    this.gridWidth = gridWidth;
    this.channelsLast = channelsLast;
    this.squash = config.likelihood === "bernoulli" ? sigmoid : clamp;
  }

  /**
   * Decode one latent.
   *
   * @param {ArrayLike<number>} z    (D,)
   * @param {Float32Array} [out]     (C * H * W,), filled and given back
   * @param {number} [label]         for a model that is told the class
   * @returns {Float32Array} pixels in [0, 1], row-major over (channel, row, column)
   */
  decode(z, out = new Float32Array(this.size), label = 0) {
    let values = /** @type {Float32Array} */ (this.code);
    for (let d = 0; d < this.dims; d++) values[d] = z[d];
    for (let k = 0; k < this.config.n_classes; k++) values[this.dims + k] = k === label ? 1 : 0;
    for (const layer of this.layers) values = layer.run(values);
    if (this.channelsLast) this.#crop(values, out);
    else out.set(values);
    this.squash(out);
    return out;
  }

  /**
   * Keep the first H rows and W columns, and put the channels first.
   *
   * @param {Float32Array} values  (rows, gridWidth, C)
   * @param {Float32Array} out     (C, H, W), written
   */
  #crop(values, out) {
    const { channels, height, width, gridWidth } = this;
    let q = 0;
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        let p = y * gridWidth * channels + c;
        for (let x = 0; x < width; x++, p += channels) out[q++] = values[p];
      }
    }
  }
}

/**
 * How long one decode takes, in ms: the fastest of a few, after the engine has compiled the loops.
 *
 * @param {Decoder} decoder
 * @param {number} [budget]  ms to spend on measuring
 * @returns {number}
 */
export function measureDecode(decoder, budget = 25) {
  const z = new Float32Array(decoder.dims);
  const out = new Float32Array(decoder.size);
  const start = performance.now();
  let best = Infinity;
  for (let i = 0; i < 40 && (i < 2 || performance.now() - start < budget); i++) {
    const before = performance.now();
    decoder.decode(z, out);
    best = Math.min(best, performance.now() - before);
  }
  return best;
}

/** Gives tensors by name and says what is missing. */
class WeightReader {
  /** @param {Weights} weights */
  constructor(weights) {
    this.weights = weights;
  }

  /** @param {string} name @param {number} [length] @returns {Float32Array} */
  get(name, length) {
    const found = this.weights.get(`decoder.${name}`);
    if (!found) throw new FormatError(`Its weights “decoder.${name}” are missing.`);
    if (length !== undefined && found.data.length !== length) {
      throw new FormatError(
        `Its weights “decoder.${name}” have ${found.data.length} numbers instead of ${length}.`,
      );
    }
    return found.data;
  }

  /** @param {string} name @param {number} inputs @param {number} [outputs] */
  dense(name, inputs, outputs) {
    const bias = this.get(`${name}.bias`, outputs);
    return { weight: this.get(`${name}.weight`, inputs * bias.length), bias };
  }

  /** @param {string} name @param {number} length */
  norm(name, length) {
    const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      this.get(`${name}.${part}`, length)
    );
    return batchNorm(weight, bias, mean, variance, BATCH_NORM_EPSILON);
  }

  /** @param {string} name @returns {number} */
  length(name) {
    return this.get(name).length;
  }
}

/** @typedef {{layers: Layer[], gridWidth: number, channelsLast: boolean}} Net */

/** @param {ModelConfig} config @param {WeightReader} reader @returns {Net} */
function makeMlp(config, reader) {
  const [c, h, w] = config.image_shape;
  const first = reader.dense("dense1", config.latent_dim + config.n_classes);
  const layers = [
    dense({ ...first, slope: RELU }),
    dense({ ...reader.dense("output", first.bias.length, c * h * w), slope: LINEAR }),
  ];
  return { layers, gridWidth: w, channelsLast: false };
}

/** @param {ModelConfig} config @param {WeightReader} reader @returns {Net} */
function makeConv(config, reader) {
  const [c, height, width] = config.image_shape;
  const [h, w] = [Math.ceil(height / 4), Math.ceil(width / 4)];
  const first = reader.dense("dense1", config.latent_dim + config.n_classes);
  const second = reader.dense("dense2", first.bias.length);
  const third = reader.dense("dense3", second.bias.length);
  const fourth = reader.dense("dense4", third.bias.length);
  const coarse = fourth.bias.length / (h * w);
  const fine = reader.length("deconv1.bias");
  const deconv1 = transposedConvolution({
    ...deconvolution(reader, "deconv1", coarse, fine, 4),
    bias: reader.get("deconv1.bias", fine),
    slope: LEAKY,
    height: h,
    width: w,
  });
  const output = transposedConvolution({
    ...deconvolution(reader, "output", fine, c, 4),
    bias: reader.get("output.bias", c),
    slope: LINEAR,
    height: deconv1.height,
    width: deconv1.width,
  });
  const layers = [
    dense({ ...first, slope: LEAKY }),
    dense({ ...second, slope: LEAKY, residual: true }),
    dense({ ...third, slope: LEAKY, residual: true }),
    dense({
      weight: channelsToEnd(fourth.weight, coarse, h * w, third.bias.length),
      bias: channelsToEnd(fourth.bias, coarse, h * w, 1),
      slope: LEAKY,
    }),
    deconv1,
    output,
  ];
  return { layers, gridWidth: output.width, channelsLast: true };
}

/** @param {ModelConfig} config @param {WeightReader} reader @returns {Net} */
function makeArticle(config, reader) {
  const [c, height, width] = config.image_shape;
  const [h, w] = [Math.ceil(height / 4), Math.ceil(width / 4)];
  const inputs = config.latent_dim + config.n_classes;
  const first = reader.dense("dense1", inputs);
  const coarse = first.bias.length / (h * w);
  const norm1 = reader.norm("norm1", first.bias.length);
  const fine = reader.length("norm2.bias");
  const norm2 = reader.norm("norm2", fine);
  const folded = deconvolution(reader, "deconv1", coarse, fine, 5);
  const deconv1 = transposedConvolution({
    ...folded,
    weight: folded.weight.map((value, i) => value * norm2.scale[Math.floor(i / 25) % fine]),
    bias: norm2.shift,
    slope: RELU,
    height: h,
    width: w,
  });
  const output = transposedConvolution({
    ...deconvolution(reader, "output", fine, c, 5),
    bias: new Float32Array(c),
    slope: LINEAR,
    height: deconv1.height,
    width: deconv1.width,
  });
  const layers = [
    dense({
      weight: channelsToEnd(first.weight, coarse, h * w, inputs),
      bias: channelsToEnd(first.bias, coarse, h * w, 1),
      slope: RELU,
      after: {
        scale: channelsToEnd(norm1.scale, coarse, h * w, 1),
        shift: channelsToEnd(norm1.shift, coarse, h * w, 1),
      },
    }),
    deconv1,
    output,
  ];
  return { layers, gridWidth: output.width, channelsLast: true };
}

/**
 * Every transposed convolution doubles height and width.
 *
 * @param {WeightReader} reader
 * @param {string} name
 * @param {number} inChannels
 * @param {number} outChannels
 * @param {number} kernel       its side
 */
function deconvolution(reader, name, inChannels, outChannels, kernel) {
  return {
    weight: reader.get(`${name}.weight`, inChannels * outChannels * kernel * kernel),
    inChannels,
    outChannels,
    kernel,
    stride: 2,
    padding: Math.floor((kernel - 1) / 2),
    outputPadding: kernel % 2,
  };
}

/**
 * Reorder rows from (channel, cell) to (cell, channel).
 *
 * @param {Float32Array} rows  (channels * cells, length)
 * @param {number} channels
 * @param {number} cells
 * @param {number} length
 * @returns {Float32Array}
 */
function channelsToEnd(rows, channels, cells, length) {
  const out = new Float32Array(rows.length);
  for (let c = 0; c < channels; c++) {
    for (let cell = 0; cell < cells; cell++) {
      const from = (c * cells + cell) * length;
      out.set(rows.subarray(from, from + length), (cell * channels + c) * length);
    }
  }
  return out;
}

/** @param {Float32Array} values */
function sigmoid(values) {
  for (let i = 0; i < values.length; i++) values[i] = 1 / (1 + Math.exp(-values[i]));
}

/** @param {Float32Array} values */
function clamp(values) {
  for (let i = 0; i < values.length; i++) values[i] = Math.min(1, Math.max(0, values[i]));
}

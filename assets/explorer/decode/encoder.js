/** Run an encoder in the page: from an image to its code, without asking the server. */

import { FormatError } from "../data/safetensors.js";
import { likeliest } from "../latent/categories.js";
import { numbersOf } from "./decoder.js";
import { shapeText } from "./layers/shape.js";
import { Net } from "./net.js";

/** @typedef {import("../data/bundle.js").Bundle} Bundle */
/** @typedef {import("../latent/space.js").ModelConfig} ModelConfig */
/** @typedef {import("../data/safetensors.js").Weights} Weights */

/** @typedef {{mean: Float32Array, logvar: Float32Array | null}} Code  (N, D) each: of variables the likeliest categories; null where codes have no variance */

/** One encoder, ready to run. `await kernels()` comes before the first. */
export class Encoder {
  /**
   * @param {ModelConfig} config
   * @param {Weights} weights  `encoder.*`
   * @throws {FormatError} if there is none, its list will not do, or the weights are not those of such a model
   */
  constructor(config, weights) {
    const list = config.layers.encoder;
    if (!list) throw new FormatError("It has no encoder, so that no image has a place in its latent space.");
    this.dims = config.latent_dim;
    this.categories = config.categories;
    this.net = new Net(list, numbersOf(weights), config.image_shape);
    const [channels, height, width] = config.image_shape;
    /** How many numbers an image has. */
    this.size = channels * height * width;
    const made = this.net.outputShape;
    const parts = made.length === 1 ? made[0] / this.dims : NaN;
    if (this.categories ? parts !== this.categories : parts !== 1 && parts !== 2) {
      const wanted = this.categories
        ? `a score for each of ${this.categories} categories of ${this.dims} variables`
        : `${2 * this.dims} numbers, or ${this.dims} where a code is a point`;
      throw new FormatError(`Its encoder makes ${shapeText(made)} instead of ${wanted}.`);
    }
    /** Whether a code has a variance. */
    this.isGaussian = !this.categories && parts === 2;
  }

  /**
   * Encode one image or many at once.
   *
   * @param {ArrayLike<number>} images  pixels in [0, 1], (C, H, W) or (N, C, H, W)
   * @param {import("./net.js").Labels} [labels]  for a model that is told the class
   * @returns {Code}
   * @throws {FormatError} if they are not such images
   */
  encode(images, labels = 0) {
    const { dims, size } = this;
    const count = images.length / size;
    if (!Number.isInteger(count) || count < 1) {
      throw new FormatError(`An image here has ${size} numbers; ${images.length} came.`);
    }
    const pixels = images instanceof Float32Array ? images : Float32Array.from(images);
    const answers = this.net.run(pixels, count, labels);
    if (this.categories) return { mean: likeliest(answers, this.categories), logvar: null };
    if (!this.isGaussian) return { mean: answers, logvar: null };
    const [mean, logvar] = [new Float32Array(count * dims), new Float32Array(count * dims)];
    for (let n = 0; n < count; n++) {
      mean.set(answers.subarray(2 * n * dims, (2 * n + 1) * dims), n * dims);
      logvar.set(answers.subarray((2 * n + 1) * dims, (2 * n + 2) * dims), n * dims);
    }
    return { mean, logvar };
  }
}

/** @type {WeakMap<Bundle, Encoder>} */
const made = new WeakMap();

/**
 * A stored model's encoder, made when first asked for.
 *
 * @param {Bundle} bundle
 * @returns {Encoder}
 * @throws {FormatError} if there is none, or it will not do
 */
export function encoderOf(bundle) {
  let encoder = made.get(bundle);
  if (!encoder) {
    encoder = new Encoder(bundle.space.config, bundle.encoderWeights());
    made.set(bundle, encoder);
  }
  return encoder;
}

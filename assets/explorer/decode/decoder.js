/** Run a decoder where the hand is: from a latent to a picture, in a fraction of a millisecond. */

import { FormatError } from "../data/safetensors.js";
import { oneHot } from "../latent/categories.js";
import { shapeText } from "./layers/shape.js";
import { Net } from "./net.js";

/** @typedef {import("../latent/space.js").ModelConfig} ModelConfig */
/** @typedef {import("../data/safetensors.js").Weights} Weights */

/** One decoder, ready to run. `await kernels()` comes before the first. */
export class Decoder {
  /**
   * @param {ModelConfig} config
   * @param {Weights} weights  `decoder.*`
   * @throws {FormatError} if the list will not do, or the weights are not those of such a model
   */
  constructor(config, weights) {
    this.config = config;
    const [channels, height, width] = config.image_shape;
    this.height = height;
    this.width = width;
    /** How many numbers a picture has. */
    this.size = channels * height * width;
    this.dims = config.latent_dim;
    // A Bernoulli's list ends with logits, a Gaussian's with the mean itself.
    const hasLogits = config.likelihood === "bernoulli";
    const taken = config.latent_dim * (config.categories || 1);
    this.net = new Net(config.layers.decoder, numbersOf(weights), [taken], hasLogits);
    this.isClamped = !hasLogits;
    const made = this.net.outputShape;
    if (made.join() !== config.image_shape.join()) {
      throw new FormatError(
        `Its decoder makes ${shapeText(made)}; the images are ${config.image_shape.join("x")}.`,
      );
    }
  }

  /**
   * Take newer weights of the same model.
   *
   * @param {Weights} weights  `decoder.*`
   * @throws {FormatError} if they are not; the decoder then keeps those it has
   */
  load(weights) {
    this.net.load(numbersOf(weights));
  }

  /**
   * Decode one latent or many at once, which takes less time for each.
   *
   * @param {ArrayLike<number>} z    (D,) or (N, D); of variables the numbers of their categories
   * @param {Float32Array} [out]     (N, C, H, W), filled and given back
   * @param {import("./net.js").Labels} [label]  for a model that is told the class: of all, or (N,)
   * @returns {Float32Array} pixels in [0, 1], row-major over (picture, channel, row, column)
   */
  decode(z, out, label = 0) {
    const codes = z instanceof Float32Array ? z : Float32Array.from(z);
    const { categories } = this.config;
    const taken = categories ? oneHot(codes, categories) : codes;
    const pictures = this.net.run(taken, codes.length / this.dims, label, out);
    if (this.isClamped) {
      for (let i = 0; i < pictures.length; i++) pictures[i] = Math.min(1, Math.max(0, pictures[i]));
    }
    return pictures;
  }
}

/**
 * A decoder with these weights: the one there is, if it is of the same model.
 *
 * @param {Decoder | null | undefined} decoder
 * @param {ModelConfig} config
 * @param {Weights} weights  `decoder.*`
 * @returns {Decoder}
 * @throws {FormatError} if the weights are not those of such a model
 */
export function decoderWith(decoder, config, weights) {
  if (!decoder || JSON.stringify(decoder.config) !== JSON.stringify(config)) {
    return new Decoder(config, weights);
  }
  decoder.load(weights);
  return decoder;
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

/** @param {Weights} weights @returns {Map<string, Float32Array>} as a net takes them */
export function numbersOf(weights) {
  return new Map([...weights].map(([name, { data }]) => [name, data]));
}

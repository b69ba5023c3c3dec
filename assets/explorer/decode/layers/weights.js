/** Weights as the kernels want them: checked, batch norms folded in, in panels of neighbouring channels. */

import { FormatError } from "../../data/safetensors.js";
import { count } from "./shape.js";

/** @typedef {import("./kinds.js").Layer} Layer */
/** @typedef {import("./plan.js").Step} Step */
/** @typedef {Map<string, Float32Array>} Weights  by name, laid out as in torch */

/** Weights that stand together where a channel is summed alone: `LANES` in kernels.c. */
const LANES = 4;

/**
 * Check that all weights are there, as many as they should be. Whether they are numbers is for who opens a file.
 *
 * @param {import("./kinds.js").Named[]} wanted  names and shapes
 * @param {Weights} weights
 * @throws {FormatError}
 */
export function checkWeights(wanted, weights) {
  for (const [name, shape] of wanted) {
    const found = weights.get(name);
    if (!found) throw new FormatError(`Its weights “${name}” are missing.`);
    if (found.length !== count(shape)) {
      throw new FormatError(`Its weights “${name}” have ${found.length} numbers instead of ${count(shape)}.`);
    }
  }
}

/**
 * How many numbers a step's weights and biases take at most.
 *
 * @param {Step} step
 * @returns {{weight: number, bias: number}}
 */
export function packedSize({ weights, norm }) {
  if (norm) return { weight: norm.input[0], bias: norm.input[0] };
  if (!weights) return { weight: 0, bias: 0 };
  const { patch, inputs, channels } = weights.product;
  return { weight: channels * patch[0] * Math.ceil((patch[1] * inputs) / LANES) * LANES, bias: channels };
}

/**
 * Write a step's weights and biases.
 *
 * @param {Step} step
 * @param {Weights} weights
 * @param {Float32Array} to               the whole memory
 * @param {{weight: number, bias: number}} at  where they go, in numbers
 * @param {number} panel                  channels that the kernels sum together
 */
export function pack({ weights: wanted, norm }, weights, to, at, panel) {
  if (norm) {
    const { scale, shift } = scaleAndShift([norm], norm.input[0], weights);
    to.set(scale, at.weight);
    to.set(shift, at.bias);
  }
  if (!wanted) return;
  const { layer, product, finish } = wanted;
  const { scale, shift } = scaleAndShift(finish.norms, product.channels, weights);
  if (layer.bias) tensor(weights, `${layer.name}.bias`).forEach((bias, c) => (shift[c] += bias * scale[c]));
  to.set(shift, at.bias);
  packPanels(product, tensor(weights, `${layer.name}.weight`), scale, to, at.weight, panel);
}

/**
 * @param {import("./products.js").Product} product
 * @param {Float32Array} from   the layer's weights
 * @param {Float32Array} scale  of each channel of the answer
 * @param {Float32Array} to
 * @param {number} at
 * @param {number} panel
 */
function packPanels({ patch, inputs, channels, weights }, from, scale, to, at, panel) {
  const [rows, columns] = patch;
  const { channel, input } = weights;
  let c = 0;
  for (; c + panel <= channels; c += panel) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let p = weights.start + c * channel + row * weights.row + column * weights.column;
        for (let i = 0; i < inputs; i++, p += input) {
          for (let k = 0; k < panel; k++) to[at++] = from[p + k * channel] * scale[c + k];
        }
      }
    }
  }
  for (; c < channels; c++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let p = weights.start + c * channel + row * weights.row + column * weights.column;
        for (let i = 0; i < inputs; i++, p += input) to[at++] = from[p] * scale[c];
      }
      for (let filled = columns * inputs; filled % LANES !== 0; filled++) to[at++] = 0;
    }
  }
}

/**
 * What batch norms do one after the other, with their running statistics: `x * scale + shift`.
 *
 * @param {Layer[]} norms
 * @param {number} channels
 * @param {Weights} weights
 * @returns {{scale: Float32Array, shift: Float32Array}} (channels,) each
 */
function scaleAndShift(norms, channels, weights) {
  const scale = new Float32Array(channels).fill(1);
  const shift = new Float32Array(channels);
  for (const { name, epsilon } of norms) {
    const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      tensor(weights, `${name}.${part}`)
    );
    for (let c = 0; c < channels; c++) {
      const factor = weight[c] / Math.sqrt(variance[c] + epsilon);
      scale[c] *= factor;
      shift[c] = (shift[c] - mean[c]) * factor + bias[c];
    }
  }
  return { scale, shift };
}

/** @param {Weights} weights @param {string} name @returns {Float32Array} one that was checked to be there */
function tensor(weights, name) {
  return /** @type {Float32Array} */ (weights.get(name));
}

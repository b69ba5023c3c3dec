/**
 * Run a net that is given as a list of layers, where the hand is: one image or many at a time.
 *
 * The arithmetic is that of kernels.c. A net has a memory of its own, laid out once: the steps, the weights as the
 * kernels want them, and the feature maps of as many images as are run together.
 */

import { FormatError } from "../data/safetensors.js";
import { kernelsOver } from "./kernels/kernels.js";
import { layOut } from "./layers/area.js";
import { readLayers, squashed } from "./layers/list.js";
import { Plan } from "./layers/plan.js";
import { count } from "./layers/shape.js";
import { checkWeights, pack, packedSize } from "./layers/weights.js";

/** @typedef {import("./layers/weights.js").Weights} Weights */
/** @typedef {number | ArrayLike<number>} Labels  one for all images, or one for each */

const PAGE_BYTES = 65536;
/** At the memory's beginning: the kernels' stack. */
const STACK_BYTES = 4096;
/** More than any struct in kernels.c has. */
const MOST_FIELDS = 20;
/** The feature maps of images that are run together have about so many numbers: they stay in a processor's cache. */
const TOGETHER = 2 ** 18;
const MOST_TOGETHER = 64;

/** One net, ready to run. `await kernels()` comes before the first. */
export class Net {
  /**
   * @param {any} layers           a list as layers/kinds.js describes it
   * @param {Weights} weights      by name, laid out as in torch; there may be others among them
   * @param {number[]} inputShape  (numbers) or (channels, rows, columns)
   * @param {boolean} [isSquashed]  whether a sigmoid comes behind it
   * @throws {FormatError} if the list, what it takes or the weights will not do
   */
  constructor(layers, weights, inputShape, isSquashed = false) {
    const read = readLayers(layers, inputShape);
    const list = isSquashed ? squashed(read) : read;
    checkWeights(list.weights, weights);
    this.list = list;
    /** Without the batch. */
    this.inputShape = list.input;
    /** Without the batch. */
    this.outputShape = list.output;
    /** For one image. */
    this.multiplyAdds = list.multiplyAdds;

    const plan = new Plan(list);
    let end = STACK_BYTES / 4;
    const take = (/** @type {number} */ numbers) => {
      const start = end;
      end += Math.ceil(numbers / 4) * 4;
      return start;
    };
    /** The steps and where they stand in the memory. */
    this.steps = plan.steps.map((step) => {
      const size = packedSize(step);
      return { ...step, at: take(MOST_FIELDS), weight: take(size.weight), bias: take(size.bias) };
    });
    /** How many images are run together. */
    this.together = Math.min(MOST_TOGETHER, Math.max(1, Math.floor(TOGETHER / layOut(plan.areas, 0, 1))));
    const memory = memoryOf(4 * layOut(plan.areas, end, this.together));
    this.kernels = kernelsOver(memory);
    /** The memory, as numbers. */
    this.numbers = new Float32Array(memory.buffer);
    for (const area of plan.areas) {
      if (area.fill) this.numbers.fill(area.fill, area.start, area.start + area.room(this.together));
    }
    this.input = { start: plan.input.start, size: count(list.input) };
    this.output = { start: plan.output.start, size: count(list.output) };
    this.calls = this.steps.map((step) => this.#prepare(step));
    this.#pack(weights);
  }

  /**
   * Take other weights of the same net.
   *
   * @param {Weights} weights
   * @throws {FormatError} if they are not; then the net keeps those that it has
   */
  load(weights) {
    checkWeights(this.list.weights, weights);
    this.#pack(weights);
  }

  /**
   * @param {Float32Array} input  (n, ...inputShape), row-major as in torch
   * @param {number} [n]          images
   * @param {Labels} [labels]     where the net appends them
   * @param {Float32Array} [out]  (n, ...outputShape), filled and given back
   * @returns {Float32Array} (n, ...outputShape)
   */
  run(input, n = 1, labels = 0, out = new Float32Array(n * this.output.size)) {
    const { numbers, input: from, output: to } = this;
    for (let start = 0; start < n; start += this.together) {
      const images = Math.min(this.together, n - start);
      numbers.set(input.subarray(start * from.size, (start + images) * from.size), from.start);
      for (const call of this.calls) call(images, start, labels);
      out.set(numbers.subarray(to.start, to.start + images * to.size), start * to.size);
    }
    return out;
  }

  /**
   * Write a step's description.
   *
   * @param {Net["steps"][number]} step
   * @returns {(images: number, start: number, labels: Labels) => void} runs it
   */
  #prepare({ call, fields, real, at, weight, bias }) {
    const values = fields(4 * weight, 4 * bias);
    if (call === "label") return labeller(this.numbers, values);
    new Int32Array(this.numbers.buffer).set(values, at);
    if (real) this.numbers[at + values.length] = real();
    const kernel = this.kernels[call];
    return (images) => kernel(4 * at, images);
  }

  /** @param {Weights} weights */
  #pack(weights) {
    const panel = this.kernels.panel();
    for (const step of this.steps) pack(step, weights, this.numbers, step, panel);
  }
}

/**
 * Writes each image's label behind its numbers, one-hot.
 *
 * @param {Float32Array} numbers
 * @param {number[]} fields
 * @returns {(images: number, start: number, labels: Labels) => void}
 */
function labeller(numbers, [first, apart, classes]) {
  return (images, start, labels) => {
    for (let i = 0, at = first; i < images; i++, at += apart) {
      numbers.fill(0, at, at + classes);
      const label = typeof labels === "number" ? labels : labels[start + i];
      if (label >= 0 && label < classes) numbers[at + label] = 1;
    }
  };
}

/** @param {number} bytes @returns {WebAssembly.Memory} */
function memoryOf(bytes) {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    const megabytes = Math.ceil(bytes / 1e6);
    throw new FormatError(`The net takes ${megabytes} MB of memory, more than this browser gives.`);
  }
}

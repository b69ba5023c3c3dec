/**
 * Find the latent whose picture comes nearest to an image, where no encoder says which.
 *
 * What is made least is the sum of squared errors of the pixels over 2 s^2, plus |z|^2 / 2: the most probable latent, if
 * pixels erred by a Gaussian of deviation s. From the best of some samples of the prior it goes on by Gauss-Newton
 * steps, damped as Levenberg and Marquardt do (doi:10.1137/0111030); the pictures' derivatives are taken by differences,
 * for a decoder in the browser only goes forward.
 */

import { priorSamples } from "./prior.js";

/**
 * @typedef {object} Found  a latent and how near its picture comes
 * @property {Float32Array} z        (D,)
 * @property {Float32Array} picture  (C * H * W,), in [0, 1]
 * @property {number} meanSquare     error of its pixels
 * @property {number} energy         what is made least, times 2 s^2
 * @property {number} steps          that led here from the sample
 */

/** Decodes latents, (N, D), to pictures, (N, C * H * W). @typedef {(codes: Float32Array) => Promise<Float32Array>} Decode */

/** How many samples of the prior are tried first, and from how many of the best it goes on. */
export const SAMPLES = 256;
const STARTS = 3;

/** The deviation s. */
const PIXEL_DEVIATION = 0.2;

const MOST_STEPS = 40;

/** By so much of a dimension pictures are compared for a derivative. */
const DIFFERENCE = 0.02;

/** A step that lowers the energy by a smaller share is the last but one. */
const LEAST_GAIN = 1e-3;

/** The damping of the first step, as a share of the mean curvature; what is tried of it at each step. */
const DAMPING = 0.1;
const TRIED = [0.1, 1, 10, 100];

/**
 * @param {Decode} decode
 * @param {Float32Array} image  (C * H * W,), in [0, 1]
 * @param {number} dims         D
 * @param {object} options
 * @param {number} options.seed  of the samples
 * @param {(found: Found) => void} options.onStep  a better one was found than all before
 * @returns {Promise<{found: Found, sample: Found}>} the best, and the best of the samples
 */
export async function searchLatent(decode, image, dims, { seed, onStep }) {
  const z = priorSamples(SAMPLES, dims, seed);
  const pictures = await decode(z);
  const size = image.length;
  const samples = Array.from({ length: SAMPLES }, (_, n) => {
    const [from, to] = [n * size, (n + 1) * size];
    return foundAt(z.slice(n * dims, (n + 1) * dims), pictures.slice(from, to), image, 0);
  }).sort((a, b) => a.energy - b.energy);
  let [found] = samples;
  onStep(found);
  for (const start of samples.slice(0, STARTS)) {
    const end = await descend(decode, image, start, (step) => {
      if (step.energy >= found.energy) return;
      found = step;
      onStep(step);
    });
    if (end.energy < found.energy) found = end;
  }
  return { found, sample: samples[0] };
}

/**
 * @param {Decode} decode
 * @param {Float32Array} image
 * @param {Found} start
 * @param {(step: Found) => void} onStep
 * @returns {Promise<Found>}
 */
async function descend(decode, image, start, onStep) {
  let at = start;
  let damping = DAMPING;
  let small = 0;
  for (let step = 1; step <= MOST_STEPS && small < 2; step++) {
    const curve = await curvature(decode, image, at);
    const dampings = TRIED.map((factor) => factor * damping);
    const next = await best(decode, image, at, dampings.map((each) => moved(at.z, curve, each)), step);
    if (next.index < 0) {
      small += 1;
      damping *= 1000;
      continue;
    }
    damping = Math.max(1e-6, dampings[next.index]);
    small = next.found.energy > at.energy * (1 - LEAST_GAIN) ? small + 1 : 0;
    at = next.found;
    onStep(at);
  }
  return at;
}

/**
 * @param {Decode} decode
 * @param {Float32Array} image
 * @param {Found} at
 * @param {Float32Array[]} candidates  (D,) each
 * @param {number} steps
 * @returns {Promise<{index: number, found: Found}>} the best of them; index -1: none is better than where one is
 */
async function best(decode, image, at, candidates, steps) {
  const dims = at.z.length;
  const codes = new Float32Array(candidates.length * dims);
  candidates.forEach((each, n) => codes.set(each, n * dims));
  const pictures = await decode(codes);
  const size = image.length;
  let [index, found] = [-1, at];
  candidates.forEach((z, n) => {
    const each = foundAt(z, pictures.slice(n * size, (n + 1) * size), image, steps);
    if (each.energy < found.energy) [index, found] = [n, each];
  });
  return { index, found };
}

/**
 * @param {Decode} decode
 * @param {Float32Array} image
 * @param {Found} at
 * @returns {Promise<{matrix: Float64Array, slope: Float64Array}>} of half the energy: (D, D), as Gauss and Newton take it, and (D,)
 */
async function curvature(decode, image, { z, picture }) {
  const dims = z.length;
  const size = image.length;
  const codes = new Float32Array(dims * dims);
  for (let d = 0; d < dims; d++) {
    codes.set(z, d * dims);
    codes[d * dims + d] += DIFFERENCE;
  }
  const pictures = await decode(codes);
  const by = Float64Array.from(pictures, (pixel, p) => (pixel - picture[p % size]) / DIFFERENCE);
  const matrix = new Float64Array(dims * dims);
  const slope = new Float64Array(dims);
  const pull = PIXEL_DEVIATION ** 2;
  for (let d = 0; d < dims; d++) {
    const row = by.subarray(d * size, (d + 1) * size);
    let sum = pull * z[d];
    for (let p = 0; p < size; p++) sum += row[p] * (picture[p] - image[p]);
    slope[d] = sum;
    for (let e = 0; e <= d; e++) {
      const other = by.subarray(e * size, (e + 1) * size);
      let product = d === e ? pull : 0;
      for (let p = 0; p < size; p++) product += row[p] * other[p];
      matrix[d * dims + e] = matrix[e * dims + d] = product;
    }
  }
  return { matrix, slope };
}

/**
 * @param {Float32Array} z
 * @param {{matrix: Float64Array, slope: Float64Array}} curve
 * @param {number} damping  as a share of the mean curvature
 * @returns {Float32Array} where the damped step leads
 */
function moved(z, { matrix, slope }, damping) {
  const dims = z.length;
  let trace = 0;
  for (let d = 0; d < dims; d++) trace += matrix[d * dims + d];
  const damped = matrix.map((value, p) => (p % (dims + 1) ? value : value + (damping * trace) / dims));
  const step = solved(damped, slope);
  return z.map((value, d) => value - step[d]);
}

/**
 * Solve a system of a symmetric positive definite matrix, by Cholesky.
 *
 * @param {Float64Array} matrix  (D, D); overwritten
 * @param {Float64Array} right   (D,)
 * @returns {Float64Array} (D,)
 */
export function solved(matrix, right) {
  const dims = right.length;
  for (let i = 0; i < dims; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * dims + j];
      for (let k = 0; k < j; k++) sum -= matrix[i * dims + k] * matrix[j * dims + k];
      matrix[i * dims + j] = i === j ? Math.sqrt(sum) : sum / matrix[j * dims + j];
    }
  }
  const out = Float64Array.from(right);
  for (let i = 0; i < dims; i++) {
    for (let k = 0; k < i; k++) out[i] -= matrix[i * dims + k] * out[k];
    out[i] /= matrix[i * dims + i];
  }
  for (let i = dims - 1; i >= 0; i--) {
    for (let k = i + 1; k < dims; k++) out[i] -= matrix[k * dims + i] * out[k];
    out[i] /= matrix[i * dims + i];
  }
  return out;
}

/**
 * @param {Float32Array} z
 * @param {Float32Array} picture
 * @param {Float32Array} image
 * @param {number} steps
 * @returns {Found}
 */
function foundAt(z, picture, image, steps) {
  let squares = 0;
  for (let p = 0; p < image.length; p++) squares += (picture[p] - image[p]) ** 2;
  const pull = PIXEL_DEVIATION ** 2 * z.reduce((sum, value) => sum + value * value, 0);
  return { z, picture, meanSquare: squares / image.length, energy: squares + pull, steps };
}

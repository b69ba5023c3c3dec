/**
 * Codes of variables with categories: a code is the number of each variable's category, 0 to K - 1. They have no order,
 * so two codes are as far apart as the number of variables in which they differ.
 */

import { seededRandom } from "./codes.js";

/** What follows the golden ratio in the plane: multiples of the two, less their whole parts, lie evenly apart. */
const STEPS = [0.7548776662466927, 0.5698402909980532];

/** Of a cell's width, where its dots lie. */
const WIDE = 0.7;

/** @param {number} value @param {number} categories  K @returns {number} the category that is nearest to any number */
export function nearestCategory(value, categories) {
  return Math.min(categories - 1, Math.max(0, Math.floor(value + 0.5))) || 0;
}

/**
 * Write categories as a decoder takes them: rows of zeros with a one, the twin of `one_hot` in Python.
 *
 * @param {ArrayLike<number>} z  (N, D); what is no category stands for the nearest one
 * @param {number} categories    K
 * @returns {Float32Array} (N, D, K)
 */
export function oneHot(z, categories) {
  const out = new Float32Array(z.length * categories);
  for (let p = 0; p < z.length; p++) out[p * categories + nearestCategory(z[p], categories)] = 1;
  return out;
}

/**
 * Choose the category with the highest score of each variable, the first of equals.
 *
 * @param {Float32Array} scores  (N, D, K)
 * @param {number} categories    K
 * @returns {Float32Array} (N, D)
 */
export function likeliest(scores, categories) {
  return Float32Array.from({ length: scores.length / categories }, (_, p) => {
    let best = 0;
    for (let k = 1; k < categories; k++) {
      if (scores[p * categories + k] > scores[p * categories + best]) best = k;
    }
    return best;
  });
}

/**
 * Move an image's dot within its cell, always by the same way, so that no two of a cell coincide: the twin of `in_cells`
 * in Python.
 *
 * @param {number} image
 * @returns {[number, number]} to the right and upwards, in widths of a cell
 */
export function inCell(image) {
  const [right, up] = STEPS.map((step) => WIDE * (((image * step) % 1) - 0.5));
  return [right, up];
}

/**
 * Draw codes in which each variable has each category alike, the same ones for the same seed.
 *
 * @param {number} count       N
 * @param {number} dims        D
 * @param {number} categories  K
 * @param {number} seed
 * @returns {Float32Array} (N, D)
 */
export function categorySamples(count, dims, categories, seed) {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count * dims }, () => Math.floor(categories * random()));
}

/**
 * Say how evenly the images use the categories of each variable.
 *
 * @param {{mean: Float32Array, dims: number, count: number}} space  whose codes are (N, D)
 * @param {number} categories  K
 * @returns {Float64Array} (D,) entropy in nats, at most log K; images without a place yet are not counted
 */
export function entropyPerDim({ mean, dims, count }, categories) {
  return Float64Array.from({ length: dims }, (_, d) => {
    const counts = new Uint32Array(categories);
    for (let n = 0; n < count; n++) {
      const category = mean[n * dims + d];
      if (Number.isFinite(category)) counts[nearestCategory(category, categories)]++;
    }
    const all = counts.reduce((sum, each) => sum + each, 0);
    return counts.reduce((sum, each) => (each ? sum - (each / all) * Math.log(each / all) : sum), 0);
  });
}

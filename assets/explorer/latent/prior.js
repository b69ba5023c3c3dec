/** Draw latents from the prior N(0, I), wider or narrower than it is. */

import { gaussian, seededRandom } from "./codes.js";

/**
 * Draw latents, the same ones for the same seed: fewer of them are the first of more.
 *
 * @param {number} count             N
 * @param {number} dims              D
 * @param {number} seed
 * @param {number} [temperature]     z = temperature * epsilon, with epsilon from N(0, I); 1: the prior itself
 * @returns {Float32Array} (N, D)
 */
export function priorSamples(count, dims, seed, temperature = 1) {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count * dims }, () => temperature * gaussian(random));
}

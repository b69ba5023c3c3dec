/** Which images have the codes nearest to a latent: by Euclidean distance, or by how many categories are the same. */

import { nearestPoints } from "./projection.js";

/** @typedef {import("./space.js").Space} Space */

/**
 * Find the images whose codes are nearest to a latent.
 *
 * @param {ArrayLike<number>} z  (D,)
 * @param {Pick<Space, "mean" | "dims" | "config">} space
 * @param {number} k
 * @returns {{indices: number[], squares: number[]}} the nearest first, and squares of their distances
 */
export function nearestCodes(z, { mean, dims, config: { categories } }, k) {
  if (!categories) return nearestPoints(z, mean, k);
  const differ = Array.from({ length: mean.length / dims }, (_, n) => {
    let count = 0;
    for (let d = 0; d < dims; d++) count += Number(mean[n * dims + d] !== z[d]);
    return { n, count };
  });
  const isPlaced = mean.every(Number.isFinite);
  const found = differ.sort((a, b) => a.count - b.count || a.n - b.n).slice(0, k);
  return {
    indices: found.map(({ n }) => n),
    squares: found.map(({ count }) => (isPlaced ? count * count : NaN)),
  };
}

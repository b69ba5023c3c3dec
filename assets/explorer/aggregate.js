/**
 * What the images' posteriors look like together, dimension by dimension.
 *
 * The aggregate posterior is the mean of the images' posteriors; where a model has learned its prior well, it is near
 * N(0, 1) in each dimension. Its variance is the mean of their variances plus the variance of their means.
 */

/** @typedef {import("./space.js").Space} Space */

/** A dimension whose posterior mean varies no more than this over images is dead (arXiv:1509.00519, section 5.2). */
export const ACTIVE_VARIANCE = 0.01;

/**
 * @typedef {object} Aggregate
 * @property {Float64Array} mean      (D,)
 * @property {Float64Array} variance  (D,) of the aggregate posterior; of the codes, where they have no variance
 * @property {Float64Array} ofMeans   (D,) the variance of the posteriors' means alone
 */

/**
 * @param {Space} space
 * @returns {Aggregate}
 */
export function aggregatePosterior({ mean, logvar, dims, count }) {
  const first = new Float64Array(dims);
  for (let p = 0; p < count * dims; p++) first[p % dims] += mean[p] / count;
  const ofMeans = new Float64Array(dims);
  const within = new Float64Array(dims);
  for (let p = 0; p < count * dims; p++) {
    ofMeans[p % dims] += (mean[p] - first[p % dims]) ** 2 / count;
    if (logvar) within[p % dims] += Math.exp(logvar[p]) / count;
  }
  return { mean: first, variance: ofMeans.map((value, d) => value + within[d]), ofMeans };
}

/**
 * Find the dimensions that say the same of every image.
 *
 * @param {Space} space
 * @param {Aggregate} aggregate
 * @returns {Set<number>} none where there are not two images to compare
 */
export function deadDimensions({ count }, { ofMeans }) {
  if (count < 2) return new Set();
  return new Set(Array.from(ofMeans.keys()).filter((d) => ofMeans[d] <= ACTIVE_VARIANCE));
}

/**
 * From latents to the plane and back: the twins of `vae_core/latent/projection.py`.
 *
 * PCA is exact both ways, on the plane through a given latent. From a UMAP there is no formula: a place on the map is
 * answered with the mean of the latents of its eight nearest points, and a new latent is placed the same way.
 */

/** @typedef {{mean: Float32Array, components: Float32Array}} Pca  (D,) and (2, D), rows of length one */

/** How many of the nearest points answer for a place on the map. */
const NEIGHBOURS = 8;
/** Of the places' squared extent: what is added to squared distances. */
const EPSILON = 1e-6;

/** Where all places are one. Its inverse is still a number that can be multiplied. */
const LEAST_EPSILON = 1e-30;

/**
 * @param {ArrayLike<number>} latents  (N, D)
 * @param {Pca} pca
 * @returns {Float32Array} (N, 2)
 */
export function pcaProject(latents, { mean, components }) {
  const dims = mean.length;
  const count = latents.length / dims;
  const out = new Float32Array(count * 2);
  for (let axis = 0; axis < 2; axis++) {
    const row = components.subarray(axis * dims, (axis + 1) * dims);
    for (let n = 0, p = 0; n < count; n++) {
      let sum = 0;
      for (let d = 0; d < dims; d++, p++) sum += (latents[p] - mean[d]) * row[d];
      out[n * 2 + axis] = sum;
    }
  }
  return out;
}

/**
 * Give the latent at (x, y) on the plane of the two components that goes through a latent.
 *
 * @param {number} x
 * @param {number} y
 * @param {ArrayLike<number>} through  (D,)
 * @param {Pca} pca
 * @returns {Float32Array} (D,)
 */
export function pcaInvert(x, y, through, pca) {
  const dims = pca.mean.length;
  const [x0, y0] = pcaProject(through, pca);
  const out = new Float32Array(dims);
  for (let d = 0; d < dims; d++) {
    out[d] = through[d] + (x - x0) * pca.components[d] + (y - y0) * pca.components[dims + d];
  }
  return out;
}

/**
 * Average what belongs to the points nearest to a place, the nearer the heavier: weights 1 / (distance^2 + eps).
 *
 * @param {ArrayLike<number>} at      (A,) the place
 * @param {ArrayLike<number>} places  (N, A)
 * @param {ArrayLike<number>} values  (N, V)
 * @param {number} epsilon            in squared units of the places
 * @returns {{value: Float32Array, distance: number, nearest: number}} `distance` to the nearest point, and its index
 */
export function fromNearest(at, places, values, epsilon) {
  const axes = at.length;
  const count = places.length / axes;
  const wide = values.length / count;
  const { indices, squares } = nearestPoints(at, places, NEIGHBOURS);
  const value = new Float64Array(wide);
  let total = 0;
  for (let k = 0; k < indices.length; k++) {
    const weight = 1 / (squares[k] + epsilon);
    total += weight;
    for (let v = 0; v < wide; v++) value[v] += weight * values[indices[k] * wide + v];
  }
  return {
    value: Float32Array.from(value, (sum) => sum / total),
    distance: Math.sqrt(squares[0]),
    nearest: indices[0],
  };
}

/**
 * @param {ArrayLike<number>} at      (A,)
 * @param {ArrayLike<number>} places  (N, A)
 * @param {number} k
 * @returns {{indices: number[], squares: number[]}} the nearest first
 */
export function nearestPoints(at, places, k) {
  const axes = at.length;
  /** @type {number[]} */
  const indices = [];
  /** @type {number[]} */
  const squares = [];
  for (let n = 0, p = 0; p < places.length; n++) {
    let square = 0;
    for (let a = 0; a < axes; a++, p++) {
      const step = places[p] - at[a];
      square += step * step;
    }
    if (indices.length === k && square >= squares[k - 1]) continue;
    let slot = indices.length < k ? indices.length : k - 1;
    for (; slot > 0 && squares[slot - 1] > square; slot--) {
      squares[slot] = squares[slot - 1];
      indices[slot] = indices[slot - 1];
    }
    squares[slot] = square;
    indices[slot] = n;
  }
  return { indices, squares };
}

/**
 * What is added to squared distances so that a place on top of a point does not divide by zero.
 *
 * @param {ArrayLike<number>} places  (N, A)
 * @param {number} axes
 * @returns {number} 1e-6 of the squared extent
 */
export function nearestEpsilon(places, axes) {
  let square = 0;
  for (let a = 0; a < axes; a++) {
    let least = Infinity;
    let greatest = -Infinity;
    for (let p = a; p < places.length; p += axes) {
      least = Math.min(least, places[p]);
      greatest = Math.max(greatest, places[p]);
    }
    square += (greatest - least) ** 2;
  }
  return EPSILON * square || LEAST_EPSILON;
}

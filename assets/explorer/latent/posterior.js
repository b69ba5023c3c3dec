/**
 * What the encoder says of where images lie, seen on the map's two axes: one posterior's ellipse, the mean of all of
 * them, and the prior beside it.
 *
 * On two latent dimensions and on a PCA all of these are Gaussians of the plane itself, exactly: directions that are
 * not drawn are integrated out. A covariance is three numbers, (xx, xy, yy).
 */

import { gaussian } from "./codes.js";
import { codeOf } from "./space.js";

/** @typedef {import("./space.js").Space} Space */

/** Farther than this from its mean, in standard deviations, a posterior counts for nothing. */
const REACH = 4.5;

/** @typedef {{along: number, across: number, angle: number}} Ellipse  two half axes in units; radians from x */

/**
 * Give the ellipse that lies one standard deviation from a Gaussian's mean.
 *
 * @param {number} xx
 * @param {number} xy
 * @param {number} yy
 * @returns {Ellipse} `along` is the longer half axis
 */
export function ellipseOf(xx, xy, yy) {
  const middle = (xx + yy) / 2;
  const apart = Math.hypot((xx - yy) / 2, xy);
  return {
    along: Math.sqrt(Math.max(0, middle + apart)),
    across: Math.sqrt(Math.max(0, middle - apart)),
    angle: apart > 0 ? 0.5 * Math.atan2(2 * xy, xx - yy) : 0,
  };
}

/**
 * Give the share of a Gaussian that lies within so many standard deviations of its mean.
 *
 * @param {number} deviations
 * @param {1 | 2} axes         on a line, or in the plane
 * @returns {number} 0..1
 */
export function shareWithin(deviations, axes) {
  if (axes === 2) return 1 - Math.exp(-(deviations ** 2) / 2);
  // Simpson's rule over the density: twenty steps give six digits.
  const steps = 20;
  let sum = 0;
  for (let k = 0; k <= steps; k++) {
    const weight = k === 0 || k === steps ? 1 : k % 2 ? 4 : 2;
    sum += weight * Math.exp(-0.5 * ((deviations * k) / steps) ** 2);
  }
  return ((2 * deviations) / (3 * steps) / Math.sqrt(2 * Math.PI)) * sum;
}

/**
 * Give the standard deviations of an image's posterior.
 *
 * @param {Space} space
 * @param {number} index
 * @returns {Float32Array | null} (D,); null where a code is a point
 */
export function posteriorDeviation({ logvar, dims }, index) {
  return logvar && logvar.slice(index * dims, (index + 1) * dims).map((v) => Math.exp(0.5 * v));
}

/**
 * Draw from the posterior of an image.
 *
 * @param {Space} space
 * @param {number} index
 * @param {() => number} [random]  a source of numbers in [0, 1)
 * @returns {Float32Array} (D,); its code, where that is a point
 */
export function samplePosterior(space, index, random = Math.random) {
  const deviation = posteriorDeviation(space, index);
  return codeOf(space, index).map((mean, d) => deviation ? mean + deviation[d] * gaussian(random) : mean);
}

/** So many samples of a posterior stand on a map on which it has no shape. */
const SAMPLES = 12;

const NO_SAMPLES = new Float32Array(0);

/** @param {Float32Array} mean @param {Float32Array | null} logvar @returns {Float32Array} (S, D); none of a point */
export function posteriorSamples(mean, logvar) {
  if (!logvar) return NO_SAMPLES;
  return Float32Array.from(
    { length: SAMPLES * mean.length },
    (_, k) => mean[k % mean.length] + Math.exp(0.5 * logvar[k % mean.length]) * gaussian(Math.random),
  );
}

/**
 * Give the aggregate posterior's density, the mean of all images' posteriors, on a grid.
 *
 * @param {ArrayLike<number>} means        (N, 2)
 * @param {ArrayLike<number>} covariances  (N, 3)
 * @param {ArrayLike<number>} xs           evenly spaced, ascending, (X,)
 * @param {ArrayLike<number>} ys           evenly spaced, ascending, (Y,)
 * @returns {Float32Array} per unit of area, (Y, X)
 */
export function aggregateDensity(means, covariances, xs, ys) {
  const [wide, high] = [xs.length, ys.length];
  const out = new Float32Array(wide * high);
  const count = means.length / 2;
  const [stepX, stepY] = [(xs[wide - 1] - xs[0]) / (wide - 1), (ys[high - 1] - ys[0]) / (high - 1)];
  for (let n = 0; n < count; n++) {
    const [x, y] = [means[2 * n], means[2 * n + 1]];
    const [xx, xy, yy] = [covariances[3 * n], covariances[3 * n + 1], covariances[3 * n + 2]];
    const determinant = xx * yy - xy * xy;
    if (!(determinant > 0)) continue;
    const [farX, farY] = [REACH * Math.sqrt(xx), REACH * Math.sqrt(yy)];
    const left = Math.max(0, Math.ceil((x - farX - xs[0]) / stepX));
    const right = Math.min(wide - 1, Math.floor((x + farX - xs[0]) / stepX));
    const low = Math.max(0, Math.ceil((y - farY - ys[0]) / stepY));
    const top = Math.min(high - 1, Math.floor((y + farY - ys[0]) / stepY));
    if (left > right) continue;
    const height = 1 / (2 * Math.PI * Math.sqrt(determinant) * count);
    const [a, b, c] = [yy / determinant, xy / determinant, xx / determinant];
    // Along a row the exponent is a parabola: from its top outwards each value is the one before times a ratio, which
    // itself shrinks by a constant factor. That spares all but a few exponentials.
    const shrink = Math.exp(-a * stepX * stepX);
    for (let row = low; row <= top; row++) {
      const dy = ys[row] - y;
      const peak = Math.round((x + (b / a) * dy - xs[0]) / stepX);
      const middle = Math.min(right, Math.max(left, peak));
      const dx = xs[0] + middle * stepX - x;
      const highest = height * Math.exp(-0.5 * (a * dx * dx - 2 * b * dx * dy + c * dy * dy));
      const slope = a * dx - b * dy;
      /** @param {1 | -1} way  to the right, to the left */
      const first = (way) => Math.exp(-way * slope * stepX - 0.5 * a * stepX * stepX);
      const start = row * wide;
      let [value, ratio] = [highest, first(1)];
      for (let p = start + middle; p <= start + right; p++) {
        out[p] += value;
        value *= ratio;
        ratio *= shrink;
      }
      ratio = first(-1);
      value = highest * ratio;
      for (let p = start + middle - 1; p >= start + left; p--) {
        ratio *= shrink;
        out[p] += value;
        value *= ratio;
      }
    }
  }
  return out;
}

/**
 * Give the covariance of the kernel with which codes that are points are smoothed to a density: that of the codes,
 * times N^(-1/3), Scott's rule in the plane (Multivariate Density Estimation, 1992, section 6.3).
 *
 * @param {ArrayLike<number>} places  (N, 2)
 * @returns {[number, number, number]} xx, xy, yy
 */
export function kernelCovariance(places) {
  const count = places.length / 2;
  let [x, y] = [0, 0];
  for (let p = 0; p < places.length; p += 2) {
    x += places[p] / count;
    y += places[p + 1] / count;
  }
  let [xx, xy, yy] = [0, 0, 0];
  for (let p = 0; p < places.length; p += 2) {
    const [dx, dy] = [places[p] - x, places[p + 1] - y];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  const scale = count ** (-1 / 3) / Math.max(1, count - 1);
  return [xx * scale, xy * scale, yy * scale];
}

/**
 * Give the same on a line: the mean of the posteriors of a single dimension.
 *
 * @param {ArrayLike<number>} means      (N,)
 * @param {ArrayLike<number>} variances  (N,)
 * @param {ArrayLike<number>} xs         (X,)
 * @returns {Float64Array} (X,)
 */
export function aggregateOnLine(means, variances, xs) {
  const out = new Float64Array(xs.length);
  for (let n = 0; n < means.length; n++) {
    const height = 1 / (Math.sqrt(2 * Math.PI * variances[n]) * means.length);
    for (let k = 0; k < xs.length; k++) {
      out[k] += height * Math.exp((-0.5 * (xs[k] - means[n]) ** 2) / variances[n]);
    }
  }
  return out;
}

/**
 * Give the prior's density in the plane.
 *
 * @param {number} dx  from its centre
 * @param {number} dy
 * @returns {number} per unit of area
 */
export function priorDensity(dx, dy) {
  return Math.exp(-0.5 * (dx * dx + dy * dy)) / (2 * Math.PI);
}

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

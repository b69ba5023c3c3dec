/**
 * How typical a latent is: of the prior, and of the images.
 *
 * In many dimensions the two questions "how dense" and "how usual" part: the prior is densest at its centre, and next
 * to none of its samples lie there. So both are answered.
 */

import { gaussian } from "./codes.js";
import { nearestPoints } from "./projection.js";

/** @typedef {import("./space.js").Space} Space */

/** From how many images at most the usual gap is measured. */
const GAPS = 256;
/** With about how many differences of two numbers it is measured: from fewer images where these are many. */
const GAP_WORK = 4e6;
/** Up to so many usual gaps from the nearest image a latent lies among the images. */
const AMONG = 1.5;

/**
 * Give the log density of the prior N(0, I).
 *
 * @param {ArrayLike<number>} z  (D,)
 * @returns {number} nats
 */
export function logPrior(z) {
  return -0.5 * (z.length * Math.log(2 * Math.PI) + squaredLength(z));
}

/**
 * Give the share of the prior that lies further from its centre: the squared length of a sample has a chi-square
 * distribution with D degrees of freedom.
 *
 * @param {ArrayLike<number>} z  (D,)
 * @returns {number} 0..1
 */
export function shareFurtherOut(z) {
  return upperGamma(z.length / 2, squaredLength(z) / 2);
}

/**
 * Give the usual distance from an image's code to its nearest neighbour: the median over images.
 *
 * @param {Space} space
 * @returns {number} NaN where there are not two images
 */
export function usualGap({ mean, dims, count }) {
  const asked = Math.min(count, GAPS, Math.max(16, Math.round(GAP_WORK / (count * dims))));
  const gaps = Float64Array.from({ length: asked }, (_, k) => {
    const n = Math.floor((k * count) / asked);
    const { squares } = nearestPoints(mean.subarray(n * dims, (n + 1) * dims), mean, 2);
    return Math.sqrt(squares[1]); // the nearest is the image itself; undefined where it is alone
  }).sort();
  return gaps.length ? gaps[gaps.length >> 1] : NaN;
}

/** A share of samples further out below this is untypical. */
const FAR = 0.05;

/** Log densities of samples within so many standard deviations of their mean are typical. */
const USUAL_DEVIATIONS = 2;

/**
 * @typedef {object} Typicality  how a latent lies among samples of N(0, I)
 * @property {boolean} isTypical
 * @property {number} further    share of the samples that lies further out, 0..1
 * @property {boolean} isNear    untypical because it is nearer the centre than nearly all of them
 */

/**
 * Say whether a latent is typical of N(0, I): neither far out nor, in many dimensions, near the centre.
 *
 * The squared length of a sample has the mean D and the variance 2 D, so its log density has the deviation
 * sqrt(D / 2). The centre, where the density is greatest, lies D / 2 nats above the mean: from nine dimensions on
 * that is more than two deviations, and next to no sample comes so near.
 *
 * @param {ArrayLike<number>} z  (D,)
 * @returns {Typicality}
 */
export function typicality(z) {
  const dims = z.length;
  const further = shareFurtherOut(z);
  const isNear = squaredLength(z) < dims - USUAL_DEVIATIONS * Math.sqrt(2 * dims);
  return { isTypical: !isNear && further >= FAR, further, isNear };
}

/**
 * Give the share of draws from N(0, I) that land among the images: within `AMONG` usual gaps of one.
 *
 * @param {Space} space
 * @param {() => number} random  a source of numbers in [0, 1)
 * @param {number} [draws]
 * @returns {number} 0..1; NaN where there are not two images
 */
export function shareAmongImages(space, random, draws = 200) {
  const reach = AMONG * usualGap(space);
  let among = 0;
  for (let k = 0; k < draws; k++) {
    const z = Float32Array.from({ length: space.dims }, () => gaussian(random));
    among += Number(Math.sqrt(nearestPoints(z, space.mean, 1).squares[0]) <= reach);
  }
  return Number.isFinite(reach) ? among / draws : NaN;
}

/** @param {number} gaps  distance to the nearest image, in usual gaps @returns {string} */
export function dataWord(gaps) {
  if (!Number.isFinite(gaps)) return "";
  if (gaps < 0.25) return "On an image";
  if (gaps <= AMONG) return "Among images";
  return gaps <= 2.5 ? "Further off" : "In a hole";
}

/**
 * The regularised upper incomplete gamma function Q(a, x), for a = 1/2, 1, 3/2, ... (DLMF 8.7.1 and 8.9.2).
 *
 * @param {number} a
 * @param {number} x  0 or more
 * @returns {number} 0..1
 */
export function upperGamma(a, x) {
  if (!(x > 0)) return Number.isNaN(x) ? NaN : 1;
  if (!Number.isFinite(x)) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = a + 1; term > sum * 1e-16; n++) {
      term *= x / n;
      sum += term;
    }
    return Math.max(0, 1 - front * sum);
  }
  // Lentz's way through the continued fraction, from the front.
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 1000; n++) {
    const top = -n * (n - a);
    b += 2;
    d = 1 / (top * d + b);
    c = b + top / c;
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return front * fraction;
}

/** @param {number} a  a positive multiple of 1/2 @returns {number} */
function logGamma(a) {
  let value = a % 1 ? 0.5 * Math.log(Math.PI) : 0;
  for (let n = a % 1 || 1; n < a; n++) value += Math.log(n);
  return value;
}

/** @param {ArrayLike<number>} z @returns {number} */
function squaredLength(z) {
  let sum = 0;
  for (let d = 0; d < z.length; d++) sum += z[d] * z[d];
  return sum;
}

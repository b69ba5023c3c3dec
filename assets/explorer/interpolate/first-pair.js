/** Which two images a walk begins with where nobody has chosen. */

import { arcReach, areOpposite } from "../latent/codes.js";
import { classCount, codeOf } from "../latent/space.js";

/** @typedef {import("../latent/space.js").Space} Space */

/** Two codes whose arc swings out further than this, as `arcReach` has it, are no good pair to begin with. */
const MOST_REACH = 1.2;
/** Without classes this many images are compared with the first. */
const LOOKED_AT = 100;

/**
 * Choose two images to begin with: of each class the most typical one, and of these the two whose codes lie farthest
 * apart; without classes, or where other factors than the class are known to place an image, the first one, and of some
 * others the one whose code is farthest. Two that lie opposite, or between which slerp's arc swings far out, are
 * chosen only where there are no others.
 *
 * @param {Space} space
 * @returns {[number, number]} indices, the same one twice where there is but one image
 */
export function firstPair(space) {
  const typical = mostTypical(space);
  const hasClasses = typical.length > 1;
  const starts = hasClasses ? typical : [0];
  const ends = hasClasses ? typical : Array.from({ length: Math.min(space.count, LOOKED_AT) }, (_, n) => n);
  let [farthest, pair] = [-1, /** @type {[number, number]} */ ([0, 0])];
  for (const from of starts) {
    const start = codeOf(space, from);
    for (const to of ends) {
      if (to <= from) continue;
      const end = codeOf(space, to);
      const isPoor = areOpposite(start, end) || arcReach(start, end) > MOST_REACH;
      const score = squaredDistance(start, end) / (isPoor ? 1e6 : 1);
      if (score > farthest) [farthest, pair] = [score, [from, to]];
    }
  }
  return pair;
}

/** @param {Space} space @returns {number[]} of each class the image whose code is nearest to the mean of its class */
function mostTypical(space) {
  const { labels, mean, dims, count } = space;
  if (!labels || space.factors) return [];
  const classes = classCount(space);
  const means = Array.from({ length: classes }, () => new Float64Array(dims));
  const sizes = new Uint32Array(classes);
  for (let n = 0; n < count; n++) {
    sizes[labels[n]]++;
    for (let d = 0; d < dims; d++) means[labels[n]][d] += mean[n * dims + d];
  }
  means.forEach((sums, label) => sums.forEach((sum, d) => (sums[d] = sum / sizes[label])));
  const nearest = new Float64Array(classes).fill(Infinity);
  const found = new Map();
  for (let n = 0; n < count; n++) {
    const square = squaredDistance(codeOf(space, n), means[labels[n]]);
    if (square < nearest[labels[n]]) {
      nearest[labels[n]] = square;
      found.set(labels[n], n);
    }
  }
  return [...found.values()];
}

/** @param {ArrayLike<number>} a  (D,) @param {ArrayLike<number>} b  (D,) @returns {number} */
function squaredDistance(a, b) {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d] - b[d]) ** 2;
  return sum;
}

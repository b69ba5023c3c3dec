/** By what the points are coloured: class, or one of the factors that are known of every image. */

import { classColour, FACTOR_STEPS, factorColour, PLAIN_COLOUR } from "../../dom/palette.js";
import { classCount } from "../../latent/space.js";

/** @typedef {import("../../latent/space.js").Space} Space */

/**
 * @typedef {object} Group   points of one colour
 * @property {string} name
 * @property {string} colour
 * @property {Int32Array} indices
 */

/**
 * @typedef {object} Colouring
 * @property {string} by            "class", "none", or a factor's name
 * @property {Group[]} groups
 * @property {[number, number] | null} range  of a factor
 */

/** @param {Space} space @returns {string[]} what points can be coloured by, the best first */
export function colourings(space) {
  const names = space.factors ? space.factorNames : [];
  return [...(space.labels ? ["class"] : []), ...names];
}

/**
 * @param {Space} space
 * @param {string} [by]
 * @returns {Colouring}
 */
export function makeColouring(space, by = colourings(space)[0]) {
  const { labels, factors } = space;
  if (by === "class" && labels) return byClass(space, labels);
  const factor = factors ? space.factorNames.indexOf(by) : -1;
  if (factors && factor >= 0) return byFactor(space, factors, factor);
  const indices = Int32Array.from({ length: space.count }, (_, n) => n);
  return { by: "none", groups: [{ name: "", colour: PLAIN_COLOUR, indices }], range: null };
}

/** @param {Space} space @param {Int32Array} labels  (N,) @returns {Colouring} */
function byClass(space, labels) {
  const members = noMembers(classCount(space));
  labels.forEach((label, n) => members[label].push(n));
  const groups = members.map((indices, label) => ({
    name: space.labelNames[label] ?? String(label),
    colour: classColour(label),
    indices: Int32Array.from(indices),
  }));
  return { by: "class", groups, range: null };
}

/** @param {Space} space @param {Float32Array} factors  (N, F) @param {number} factor @returns {Colouring} */
function byFactor(space, factors, factor) {
  const wide = space.factorNames.length;
  const values = Float32Array.from({ length: space.count }, (_, n) => factors[n * wide + factor]);
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) [least, greatest] = [Math.min(least, value), Math.max(greatest, value)];
  const members = noMembers(FACTOR_STEPS);
  values.forEach((value, n) => {
    const share = greatest > least ? (value - least) / (greatest - least) : 0.5;
    members[Math.min(FACTOR_STEPS - 1, Math.floor(share * FACTOR_STEPS))].push(n);
  });
  const groups = members.map((indices, step) => ({
    name: "",
    colour: factorColour(step),
    indices: Int32Array.from(indices),
  }));
  return { by: space.factorNames[factor], groups, range: [least, greatest] };
}

/** @param {number} count @returns {number[][]} so many groups, without images yet */
function noMembers(count) {
  return Array.from({ length: count }, () => []);
}

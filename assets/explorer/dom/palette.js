/**
 * Colours for classes and for factors.
 *
 * Classes: Petroff's ten colours (arXiv:2107.02270), chosen for colour-blind readers and, from a survey, for looks.
 * They stand on white and on black. Names on the map are the second cue. The second and the ninth are exchanged: of
 * digits, 3 and 8 lie side by side, and both were grey.
 * Factors: viridis, whose lightness rises evenly.
 */

export const CLASS_COLOURS = [
  "#3f90da",
  "#717581",
  "#bd1f01",
  "#94a4a2",
  "#832db6",
  "#a96b59",
  "#e76300",
  "#b9ac70",
  "#ffa90e",
  "#92dadd",
];

/** Of points without labels. */
export const PLAIN_COLOUR = CLASS_COLOURS[0];

/** Two readings of one thing: the first is training, the second held out. */
export const SERIES_COLOURS = ["#3f90da", "#e76300"];

const VIRIDIS = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [109, 205, 89],
  [180, 222, 44],
  [253, 231, 37],
];

/** @param {number} label @returns {string} */
export function classColour(label) {
  return CLASS_COLOURS[label % CLASS_COLOURS.length];
}

/** How many colours a factor's range is cut into; points of one colour are drawn together. */
export const FACTOR_STEPS = 16;

/**
 * @param {number} step  0..FACTOR_STEPS - 1
 * @returns {string}
 */
export function factorColour(step) {
  const at = (step / (FACTOR_STEPS - 1)) * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const [a, b] = [VIRIDIS[low], VIRIDIS[low + 1]];
  return `rgb(${a.map((value, i) => Math.round(value + (b[i] - value) * (at - low))).join(", ")})`;
}

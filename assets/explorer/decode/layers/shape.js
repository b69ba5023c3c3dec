/** Shapes as torch has them, without the batch: (numbers) or (channels, rows, columns); and what is too much. */

/** What a net may be at most: it runs where a hand waits for it, and its list may come from anyone. */
export const LIMITS = { layers: 64, weights: 20e6, activation: 4e6, multiplyAdds: 200e6 };

/** @typedef {[number, number]} Pair  for rows and for columns */

/** @param {number[]} shape @returns {number} how many numbers */
export function count(shape) {
  return shape.reduce((product, side) => product * side, 1);
}

/** @param {number[]} shape @returns {string} */
export function shapeText(shape) {
  return shape.length === 1 ? `${shape[0]} numbers` : `an image of ${shape.join("x")}`;
}

/** @param {number} value @returns {string} */
export function millions(value) {
  return `${value / 1e6} million`;
}

/**
 * Read a shape that may be anything.
 *
 * @param {any} shape
 * @returns {{shape: number[], fault: string}} what is wrong with it follows “its shape”, and is "" if nothing is
 */
export function readShape(shape) {
  const isShape = Array.isArray(shape) && (shape.length === 1 || shape.length === 3);
  if (!isShape || !shape.every((side) => Number.isSafeInteger(side) && side > 0)) {
    return { shape: [], fault: "must be one whole number, or three: channels, rows, columns" };
  }
  const isLarge = count(shape) > LIMITS.activation;
  return { shape: [...shape], fault: isLarge ? `has more than ${millions(LIMITS.activation)} numbers` : "" };
}

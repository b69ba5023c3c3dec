/**
 * How far a map's neighbours are neighbours in latent space: the twin of `Projection.trustworthiness` in Python.
 *
 * Comparing all pairs of two thousand points takes a quarter of a second, so it is done in slices while nobody moves.
 */

/** @typedef {import("./space.js").Space} Space */

/** How many of a point's nearest on the map are looked for among its nearest in latent space. */
const NEIGHBOURS = 10;
/** Of more points than this, this many are compared. */
const AT_MOST = 2000;
/** How long it works before the hand gets its turn, in ms. */
const SLICE = 8;

/**
 * Measure it without holding anyone up.
 *
 * @param {Float32Array} latents    (N, D)
 * @param {Float32Array} positions  (N, 2)
 * @returns {Promise<number | null>} 0..1 (Venna and Kaski 2001, for 10 neighbours); null below 21 points
 */
export async function trustworthiness(latents, positions) {
  const all = positions.length / 2;
  const dims = latents.length / all;
  const count = Math.min(all, AT_MOST);
  if (count <= 2 * NEIGHBOURS) return null;
  // Evenly spread over all, where there are more than are asked for.
  const rows = Int32Array.from({ length: count }, (_, k) => Math.floor((k * all) / count));
  const inLatents = new Float64Array(count);
  const onMap = new Float64Array(count);
  let penalty = 0;
  let since = performance.now();
  for (let i = 0; i < count; i++) {
    distances(latents, dims, rows, i, inLatents);
    distances(positions, 2, rows, i, onMap);
    for (const j of nearest(onMap)) {
      const far = inLatents[j];
      let rank = 1;
      for (let other = 0; other < count; other++) if (inLatents[other] < far) rank += 1;
      penalty += Math.max(0, rank - NEIGHBOURS);
    }
    if (performance.now() - since > SLICE) {
      await rest();
      since = performance.now();
    }
  }
  return 1 - (2 * penalty) / (count * NEIGHBOURS * (2 * count - 3 * NEIGHBOURS - 1));
}

/**
 * Write the squared distances of one point to all; to itself it is infinitely far.
 *
 * @param {Float32Array} places  (N, W)
 * @param {number} wide          W
 * @param {Int32Array} rows      (K,) which of the points are compared
 * @param {number} i             which of these it is
 * @param {Float64Array} out     (K,), written
 */
function distances(places, wide, rows, i, out) {
  const at = rows[i] * wide;
  for (let k = 0; k < rows.length; k++) {
    let square = 0;
    for (let a = 0, p = rows[k] * wide; a < wide; a++, p++) {
      const step = places[p] - places[at + a];
      square += step * step;
    }
    out[k] = square;
  }
  out[i] = Infinity;
}

/** @param {Float64Array} squares @returns {number[]} indices of the smallest */
function nearest(squares) {
  /** @type {number[]} */
  const found = [];
  for (let n = 0; n < squares.length; n++) {
    if (found.length === NEIGHBOURS && squares[n] >= squares[found[NEIGHBOURS - 1]]) continue;
    let slot = Math.min(found.length, NEIGHBOURS - 1);
    for (; slot > 0 && squares[found[slot - 1]] > squares[n]; slot--) found[slot] = found[slot - 1];
    found[slot] = n;
  }
  return found;
}

/** Wait until the page has nothing better to do. @returns {Promise<void>} */
function rest() {
  return new Promise((resolve) => {
    if (globalThis.requestIdleCallback) globalThis.requestIdleCallback(() => resolve(), { timeout: 50 });
    else setTimeout(resolve, 16);
  });
}

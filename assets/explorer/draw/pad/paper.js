/**
 * Pen on paper, or chalk on a board, in a photograph: what of it is ink.
 *
 * Light falls unevenly on paper, so each pixel is compared with the paper around it. What is ink then is black or white,
 * as the images were of which MNIST's were made; the way to a model's few pixels makes it grey again.
 */

/** Around a pixel, of the longer side: as far its paper is looked for. */
const REACH = 1 / 6;

/** Less contrast than this is the paper's own. */
const LEAST_CONTRAST = 0.12;

/** Of the largest piece of ink: what is smaller is a speck. */
const SPECK = 0.05;

/** A drawn line's edge has more pixels than it is long, where it runs slantwise: on average over directions so many times. */
const STAIRS = 4 / Math.PI;

const LEVELS = 256;

/** @param {Uint8ClampedArray} rgba @returns {Float32Array} 0..255 */
export function greyOf(rgba) {
  return Float32Array.from({ length: rgba.length / 4 }, (_, p) => {
    return 0.299 * rgba[4 * p] + 0.587 * rgba[4 * p + 1] + 0.114 * rgba[4 * p + 2]; // ITU-R BT.601
  });
}

/**
 * Say how much darker, or lighter, each pixel is than the paper around it.
 *
 * @param {ArrayLike<number>} grey  0..255, (H, W)
 * @param {number} width
 * @param {boolean} isLight         the ink is lighter than its ground
 * @returns {Float32Array} 0 for paper to 1 for black on white, (H, W)
 */
export function contrastOf(grey, width, isLight) {
  const level = Float32Array.from(grey, (value) => (isLight ? 255 - value : value));
  const reach = Math.ceil(REACH * Math.max(width, level.length / width));
  const mean = meansAround(level, new Float32Array(level.length).fill(1), width, reach);
  const isPaper = level.map((value, p) => Number(value >= mean[p]));
  const paper = meansAround(level, isPaper, width, reach);
  return level.map((value, p) => Math.min(1, Math.max(0, 1 - value / Math.max(1, paper[p]))));
}

/**
 * Say whether ink is lighter than its ground: it is what there is less of, so that it draws the levels to its side.
 *
 * @param {ArrayLike<number>} grey  0..255, (H, W)
 * @param {number} width
 * @returns {boolean}
 */
export function isInkLight(grey, width) {
  const level = Float32Array.from(grey);
  const reach = Math.ceil(REACH * Math.max(width, level.length / width));
  const mean = meansAround(level, new Float32Array(level.length).fill(1), width, reach);
  return level.reduce((sum, value, p) => sum + (value - mean[p]) ** 3, 0) > 0;
}

/**
 * Choose where ink begins: where both sides of the threshold are most alike within (N. Otsu, A threshold selection
 * method from gray-level histograms, IEEE Transactions on Systems, Man, and Cybernetics 9, 1979).
 *
 * @param {ArrayLike<number>} contrast  0..1
 * @returns {number} 0..1
 */
export function otsuThreshold(contrast) {
  const counts = new Float64Array(LEVELS);
  for (let p = 0; p < contrast.length; p++) counts[Math.min(LEVELS - 1, Math.floor(contrast[p] * LEVELS))]++;
  const total = counts.reduce((sum, each, level) => sum + each * level, 0);
  let [below, sum, most, best] = [0, 0, -1, 0];
  for (let level = 0; level < LEVELS - 1; level++) {
    below += counts[level];
    sum += counts[level] * level;
    const above = contrast.length - below;
    if (!below || !above) continue;
    const between = below * above * (sum / below - (total - sum) / above) ** 2;
    if (between > most) [most, best] = [between, (level + 1) / LEVELS];
  }
  return Math.max(LEAST_CONTRAST, best);
}

/**
 * Take as ink what is above a threshold, but for specks, and for what runs out of the picture: a table's edge, a shadow.
 *
 * @param {ArrayLike<number>} contrast  0..1, (H, W)
 * @param {number} width
 * @param {number} threshold
 * @returns {Uint8Array} 1 for ink, (H, W)
 */
export function inkOf(contrast, width, threshold) {
  const ink = Uint8Array.from(contrast, (each) => Number(each > threshold));
  const pieces = piecesOf(ink, width);
  const inside = pieces.filter(({ isCut }) => !isCut);
  const kept = inside.length ? inside : pieces;
  const largest = kept.reduce((most, { pixels }) => Math.max(most, pixels.length), 0);
  const out = new Uint8Array(ink.length);
  for (const { pixels } of kept) {
    if (pixels.length >= SPECK * largest) { for (const p of pixels) out[p] = 1; }
  }
  return out;
}

/**
 * Say how thick the lines are: their area by their length, which is half of their edge.
 *
 * @param {Uint8Array} ink  (H, W)
 * @param {number} width
 * @returns {number} in pixels; 0 where there is no ink
 */
export function thicknessOf(ink, width) {
  let [area, edge] = [0, 0];
  for (let p = 0; p < ink.length; p++) {
    area += ink[p];
    const [right, below] = [(p + 1) % width ? ink[p + 1] : 0, p + width < ink.length ? ink[p + width] : 0];
    edge += Number(ink[p] !== right) + Number(ink[p] !== below);
    edge += (p % width ? 0 : ink[p]) + (p < width ? ink[p] : 0);
  }
  return edge ? (2 * STAIRS * area) / edge : 0;
}

/**
 * Make lines thicker.
 *
 * @param {Uint8Array} ink  (H, W)
 * @param {number} width
 * @param {number} radius   in pixels, to each side
 * @returns {Uint8Array} 1 where ink lies no further away, (H, W)
 */
export function thickened(ink, width, radius) {
  if (radius < 0.5) return ink;
  const reach = Math.floor(radius);
  const above = verticalDistances(ink, width);
  return ink.map((_, p) => {
    const x = p % width;
    for (let step = -Math.min(reach, x); step <= Math.min(reach, width - 1 - x); step++) {
      if (step * step + above[p + step] ** 2 <= radius * radius) return 1;
    }
    return 0;
  });
}

/** @param {Uint8Array} ink @param {number} width @returns {Float32Array} from each pixel to ink in its column */
function verticalDistances(ink, width) {
  const out = Float32Array.from(ink, (each) => (each ? 0 : Infinity));
  for (let p = width; p < out.length; p++) out[p] = Math.min(out[p], out[p - width] + 1);
  for (let p = out.length - width - 1; p >= 0; p--) out[p] = Math.min(out[p], out[p + width] + 1);
  return out;
}

/**
 * @param {Uint8Array} ink  (H, W)
 * @param {number} width
 * @returns {Array<{pixels: number[], isCut: boolean}>} what hangs together, corners too, and whether it meets an edge
 */
function piecesOf(ink, width) {
  const height = ink.length / width;
  const seen = new Uint8Array(ink.length);
  const pieces = [];
  for (let first = 0; first < ink.length; first++) {
    if (!ink[first] || seen[first]) continue;
    seen[first] = 1;
    const pixels = [first];
    let isCut = false;
    for (let k = 0; k < pixels.length; k++) {
      const [x, y] = [pixels[k] % width, Math.floor(pixels[k] / width)];
      isCut ||= x === 0 || y === 0 || x === width - 1 || y === height - 1;
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const p = row * width + column;
          if (!ink[p] || seen[p]) continue;
          seen[p] = 1;
          pixels.push(p);
        }
      }
    }
    pieces.push({ pixels, isCut });
  }
  return pieces;
}

/**
 * @param {Float32Array} values   (H, W)
 * @param {Float32Array} weights  (H, W)
 * @param {number} width
 * @param {number} reach          in pixels, to each side
 * @returns {Float32Array} the weighted mean around each pixel, its own value where all weights are 0, (H, W)
 */
function meansAround(values, weights, width, reach) {
  const [sums, counts] = [
    sumsAround(values.map((value, p) => value * weights[p]), width, reach),
    sumsAround(weights, width, reach),
  ];
  return values.map((value, p) => (counts[p] ? sums[p] / counts[p] : value));
}

/** @param {Float32Array} values @param {number} width @param {number} reach @returns {Float64Array} of squares around each */
function sumsAround(values, width, reach) {
  const height = values.length / width;
  const table = new Float64Array((width + 1) * (height + 1)); // all above and left of a corner
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += values[y * width + x];
      table[(y + 1) * (width + 1) + x + 1] = table[y * (width + 1) + x + 1] + row;
    }
  }
  const out = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [Math.max(0, y - reach), Math.min(height, y + reach + 1)].map((r) =>
      r * (width + 1)
    );
    for (let x = 0; x < width; x++) {
      const [left, right] = [Math.max(0, x - reach), Math.min(width, x + reach + 1)];
      out[y * width + x] = table[bottom + right] - table[bottom + left] - table[top + right] +
        table[top + left];
    }
  }
  return out;
}

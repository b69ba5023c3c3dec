/**
 * MNIST's own recipe: "size normalized to fit in a 20x20 pixel box while preserving their aspect ratio", grey by
 * anti-aliasing, then "centered in a 28x28 image by computing the center of mass of the pixels, and translating the image
 * so as to position this point at the center" (http://yann.lecun.com/exdb/mnist/).
 *
 * Measured on its images: the longer side has 20 pixels in each, and the mass lies within half a pixel of the middle, so
 * that the translation is one of whole pixels.
 */

/** @typedef {import("../../dom/pictures.js").Shape} Shape */

/** @typedef {{x0: number, y0: number, x1: number, y1: number}} Box  in pixels, the ends exclusive */

/** Of a frame's side: what the longer side of a normalised image takes. */
const SHARE = 20 / 28;

/** A pixel with less ink than this does not count for where an image ends. */
const LEAST_INK = 0.5;

/** So many of a set's images must follow the recipe, for drawings to be made by it. */
const MOST = 0.95;
/** From how many images that is judged. */
const JUDGED = 200;

/** @param {Shape} shape @returns {number} the longer side of a normalised image, in the model's pixels */
export function normalisedSide([, height, width]) {
  return Math.round(SHARE * Math.min(height, width));
}

/**
 * Find the box around what is drawn.
 *
 * @param {ArrayLike<number>} ink  0..1, (H, W)
 * @param {number} width
 * @param {number} [least]         more ink than this counts
 * @returns {Box | null} null where nothing is
 */
export function inkBox(ink, width, least = LEAST_INK) {
  let [x0, y0, x1, y1] = [width, Infinity, 0, 0];
  for (let p = 0, y = 0; p < ink.length; y++) {
    for (let x = 0; x < width; x++, p++) {
      if (ink[p] <= least) continue;
      if (x < x0) x0 = x;
      if (x >= x1) x1 = x + 1;
      if (y < y0) y0 = y;
      y1 = y + 1;
    }
  }
  return x1 > x0 ? { x0, y0, x1, y1 } : null;
}

/**
 * Make a part of a picture smaller: each new pixel is the mean of what lies under it, which is what anti-aliases.
 *
 * @param {ArrayLike<number>} values  (H, W)
 * @param {number} width
 * @param {Box} box
 * @param {number} high  of the result
 * @param {number} wide
 * @returns {Float32Array} (high, wide)
 */
export function boxMean(values, width, { x0, y0, x1, y1 }, high, wide) {
  const columns = shares(x0, x1, wide);
  const rows = shares(y0, y1, high);
  const out = new Float32Array(high * wide);
  const sums = new Float64Array(wide);
  for (let row = 0; row < high; row++) {
    sums.fill(0);
    for (const [y, heavy] of rows[row]) {
      const start = y * width;
      for (let column = 0; column < wide; column++) {
        let sum = 0;
        for (const [x, share] of columns[column]) sum += share * values[start + x];
        sums[column] += heavy * sum;
      }
    }
    out.set(sums, row * wide);
  }
  return out;
}

/**
 * Place a picture in a frame so that its mass lies in the middle, to the nearest whole pixel; all of it stays inside.
 *
 * @param {ArrayLike<number>} small  (high, wide)
 * @param {number} high
 * @param {number} wide
 * @param {Shape} shape              of the frame
 * @returns {Float32Array} (H, W)
 */
export function centredByMass(small, high, wide, [, height, width]) {
  let [mass, massX, massY] = [0, 0, 0];
  for (let p = 0; p < small.length; p++) {
    mass += small[p];
    massX += small[p] * (p % wide);
    massY += small[p] * Math.floor(p / wide);
  }
  /** @type {(middle: number, of: number, length: number) => number} */
  const start = (moment, of, length) => {
    const wanted = Math.round(of / 2 - (mass > 0 ? moment / mass : (length - 1) / 2));
    return Math.min(of - length, Math.max(0, wanted));
  };
  const [left, top] = [start(massX, width, wide), start(massY, height, high)];
  const out = new Float32Array(height * width);
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      out[(top + row) * width + left + column] = small[row * wide + column];
    }
  }
  return out;
}

/**
 * Make what is drawn look like MNIST's images.
 *
 * @param {ArrayLike<number>} ink  0..1, (H, W), many pixels for each of the model's
 * @param {number} width
 * @param {Shape} shape            of the model's images
 * @param {number} [perPixel]      how many of its pixels make one of the model's; by default the longer side becomes the
 *     recipe's 20
 * @returns {Float32Array | null} ink 0..1, (H, W) of the model's; null where nothing is drawn
 */
export function normalised(ink, width, shape, perPixel) {
  const box = inkBox(ink, width);
  if (!box) return null;
  const [across, down] = [box.x1 - box.x0, box.y1 - box.y0];
  const scale = 1 / (perPixel ?? Math.max(across, down) / normalisedSide(shape));
  const [wide, high] = [across, down].map((side) => Math.max(1, Math.round(side * scale)));
  return centredByMass(boxMean(ink, width, box, high, wide), high, wide, shape);
}

/**
 * Say whether a set's images follow MNIST's recipe: grey, on one ground, sized and centred as it has them.
 *
 * @param {ArrayLike<number>} images  bytes, (N, C, H, W)
 * @param {Shape} shape
 * @param {number} ground             of the images, 0..1
 * @returns {boolean}
 */
export function followsRecipe(images, shape, ground) {
  const [channels, height, width] = shape;
  const area = height * width;
  const count = channels === 1 ? Math.min(JUDGED, images.length / area) : 0;
  const side = normalisedSide(shape);
  if (!count || height !== width || side < 14) return false; // of fewer pixels a rounding more or less is too much
  let following = 0;
  for (let n = 0; n < count; n++) {
    const ink = Float32Array.from({ length: area }, (_, p) => Math.abs(images[n * area + p] / 255 - ground));
    const box = inkBox(ink, width, 0);
    if (!box || Math.max(box.x1 - box.x0, box.y1 - box.y0) !== side) continue;
    const mean = [0, 0];
    let mass = 0;
    for (let p = 0; p < area; p++) {
      mass += ink[p];
      mean[0] += ink[p] * (p % width);
      mean[1] += ink[p] * Math.floor(p / width);
    }
    following += Number(mean.every((sum, axis) => Math.abs(sum / mass - (axis ? height : width) / 2) < 0.75));
  }
  return following >= MOST * count;
}

/**
 * What a set's images have at their edge: the median there, by channel.
 *
 * @param {ArrayLike<number>} images  bytes, (N, C, H, W)
 * @param {Shape} shape
 * @returns {number[]} 0..1, (C,)
 */
export function groundOf(images, [channels, height, width]) {
  const area = height * width;
  const count = Math.min(JUDGED, images.length / (channels * area));
  return Array.from({ length: channels }, (_, c) => {
    const counts = new Float64Array(256);
    let total = 0;
    for (let n = 0; n < count; n++) {
      for (let p = 0; p < area; p++) {
        const [x, y] = [p % width, Math.floor(p / width)];
        if (x > 0 && y > 0 && x < width - 1 && y < height - 1) continue;
        counts[images[(n * channels + c) * area + p]]++;
        total++;
      }
    }
    let seen = 0;
    const median = counts.findIndex((each) => (seen += each) * 2 >= total);
    return total ? median / 255 : 0;
  });
}

/**
 * Say which old pixels lie under each new one, with what share of it.
 *
 * @param {number} from
 * @param {number} to
 * @param {number} count  of new ones
 * @returns {Array<Array<[number, number]>>}
 */
function shares(from, to, count) {
  const each = (to - from) / count;
  return Array.from({ length: count }, (_, k) => {
    const [low, high] = [from + k * each, from + (k + 1) * each];
    /** @type {Array<[number, number]>} */
    const under = [];
    for (let at = Math.floor(low); at < high - 1e-9; at++) {
      const share = (Math.min(high, at + 1) - Math.max(low, at)) / each;
      if (share > 1e-9) under.push([at, share]);
    }
    return under;
  });
}

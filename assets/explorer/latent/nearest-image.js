/** Which image is nearest to a picture, pixel by pixel: is it a copy of one? */

/** @typedef {{index: number, error: number}} NearestImage  `error`: mean squared error of pixels in 0..1; NaN of none */

/** Pixels that are compared before it is asked whether an image can still be the nearest. */
const STRIDE = 56;

/**
 * @param {ArrayLike<number>} picture  (C * H * W,), in [0, 1]
 * @param {Uint8Array} images          (N, C, H, W)
 * @param {number} [except]            an image that is not asked
 * @returns {NearestImage} -1 where there is none
 */
export function nearestImage(picture, images, except = -1) {
  const size = picture.length;
  const bytes = Float32Array.from(picture, (value) => 255 * value);
  let [index, least] = [-1, Infinity];
  for (let n = 0, start = 0; start + size <= images.length; n++, start += size) {
    if (n === except) continue;
    let sum = 0;
    for (let p = 0; p < size && sum < least;) {
      for (const end = Math.min(size, p + STRIDE); p < end; p++) {
        const apart = bytes[p] - images[start + p];
        sum += apart * apart;
      }
    }
    if (sum < least) [index, least] = [n, sum];
  }
  return { index, error: index < 0 ? NaN : least / size / 255 ** 2 };
}

/** From how many images it is measured how near they usually are to each other. */
const ASKED = 64;

/**
 * Give the images, evenly chosen, whose own nearest neighbours tell how near images usually are to each other.
 *
 * @param {number} count  of images
 * @returns {number[]} indices
 */
export function askedImages(count) {
  const asked = Math.min(count, ASKED);
  return Array.from({ length: asked }, (_, k) => Math.floor((k * count) / asked));
}

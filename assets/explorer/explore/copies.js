/**
 * Whether samples are copies: the image nearest to each, pixel by pixel, among those that stand on the map, and how near
 * such images are to each other. It is looked for between other things, a few milliseconds at a time.
 */

import { askedImages, nearestImage } from "../latent/nearest-image.js";

/** @typedef {import("../latent/nearest-image.js").NearestImage} NearestImage */

/** For at most so long at a time, in ms. */
const SLICE = 6;

export class Copies {
  /**
   * @param {(sample: number, nearest: NearestImage) => void} onNearest
   * @param {(error: number) => void} onUsual  the median of images' own distances to the nearest other
   */
  constructor(onNearest, onUsual) {
    this.onNearest = onNearest;
    this.onUsual = onUsual;
    /** (N, C, H, W) */
    this.images = new Uint8Array(0);
    /** Numbers in an image. */
    this.size = 1;
    /** Grows with every search: an older one ends. */
    this.turn = 0;
    /** Whether it is known how near the images are to each other. */
    this.isUsualKnown = false;
  }

  /** @param {import("../latent/space.js").Space} space */
  setImages({ images, shape: [c, h, w] }) {
    Object.assign(this, { images, size: c * h * w, isUsualKnown: false });
    this.stop();
  }

  /** How many images are searched. */
  get count() {
    return this.images.length / this.size;
  }

  /** Search no more. */
  stop() {
    this.turn += 1;
  }

  /** @param {Float32Array} pixels  the samples, (N, C, H, W) in [0, 1] */
  async search(pixels) {
    const turn = ++this.turn;
    const { images, size } = this;
    let since = performance.now();
    /** @returns {Promise<boolean>} whether it is still wanted, the hand having had its turn */
    const goOn = async () => {
      if (performance.now() - since > SLICE) {
        await new Promise((resolve) => setTimeout(resolve));
        since = performance.now();
      }
      return turn === this.turn;
    };
    for (let k = 0; k < pixels.length / size; k++) {
      this.onNearest(k, nearestImage(pixels.subarray(k * size, (k + 1) * size), images));
      if (!(await goOn())) return;
    }
    if (this.isUsualKnown) return;
    const errors = [];
    for (const n of askedImages(this.count)) {
      const picture = Float32Array.from(images.subarray(n * size, (n + 1) * size), (byte) => byte / 255);
      errors.push(nearestImage(picture, images, n).error);
      if (!(await goOn())) return;
    }
    this.isUsualKnown = true;
    this.onUsual(errors.sort((a, b) => a - b)[errors.length >> 1]);
  }
}

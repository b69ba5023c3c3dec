/**
 * What is near the latent under the hand: the nearest real images, and how typical it is.
 *
 * It is found after the frame that shows the picture, so it never stands between the hand and the picture; while the
 * hand moves on, only the newest latent is looked at.
 */

import { nearestCodes } from "../latent/nearest-codes.js";
import { logPrior, typicality, usualGap } from "../latent/typicality.js";

/** @typedef {import("../latent/space.js").Space} Space */
/** @typedef {import("./cursor.js").Move} Move */

/** How many real images are shown around a latent. */
export const NEAREST = 6;

/**
 * @typedef {object} Near
 * @property {Move} move
 * @property {Space} space              whose images these are
 * @property {number[]} indices         of the nearest images in latent space, the nearest first
 * @property {number[]} distances       to them, in latent space
 * @property {number} logPrior          nats; NaN where there is no prior
 * @property {import("../latent/typicality.js").Typicality | null} typical  of the prior; null where there is none
 * @property {number} gaps              the nearest distance in usual gaps between images; NaN where that says nothing,
 *     as of categories, of which images share many
 */

export class Surroundings {
  /** @param {import("./cursor.js").Cursor} cursor */
  constructor(cursor) {
    /** @type {Space | null} */
    this.space = null;
    /** The newest, to be looked at. @type {Move} */
    this.move = cursor.last;
    /** @type {Set<(near: Near) => void>} */
    this.listeners = new Set();
    this.frame = 0;
    this.timer = 0;
    /** The usual gap between images, and the codes that it was measured for. @type {{of: Float32Array, gap: number} | null} */
    this.measured = null;
    this.unsubscribe = cursor.subscribe((move) => this.#follow(move));
  }

  /** @param {Space} space */
  setSpace(space) {
    this.space = space;
    this.measured = null;
  }

  /** @param {(near: Near) => void} listener */
  subscribe(listener) {
    this.listeners.add(listener);
  }

  close() {
    this.unsubscribe();
    this.listeners.clear();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
  }

  /** @param {Move} move */
  #follow(move) {
    this.move = move;
    this.frame ||= requestAnimationFrame(() => {
      this.timer = setTimeout(() => {
        this.frame = 0;
        this.#look();
      }, 0);
    });
  }

  #look() {
    const { move, space } = this;
    if (!space || move.z.length !== space.dims) return;
    const found = nearestCodes(move.z, space, NEAREST);
    const isKnown = found.squares.length > 0 && found.squares.every(Number.isFinite); // codes of a new run are not
    const distances = isKnown ? found.squares.map(Math.sqrt) : [];
    /** @type {Near} */
    const near = {
      move,
      space,
      indices: isKnown ? found.indices : [],
      distances,
      logPrior: space.isGaussian ? logPrior(move.z) : NaN,
      typical: space.isGaussian ? typicality(move.z) : null,
      gaps: isKnown && !space.config.categories ? distances[0] / this.#usualGap(space) : NaN,
    };
    for (const listener of this.listeners) listener(near);
  }

  /** Measured once for each set of codes. @param {Space} space @returns {number} */
  #usualGap(space) {
    const { mean } = space;
    if (this.measured?.of === mean) return this.measured.gap;
    const gap = usualGap(space) || NaN;
    this.measured = { of: mean, gap };
    return gap;
  }
}

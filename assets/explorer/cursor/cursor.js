/**
 * The latent under the hand.
 *
 * One latent is pinned: other dimensions stay at it, strips start from it, the URL names it. Another may be shown for
 * as long as the pointer is over the map. Whoever draws something subscribes and is told at most once a frame, in the
 * pointer's own frame.
 */

/**
 * @typedef {object} Move
 * @property {Float32Array} z                     shown from now on, (D,)
 * @property {Float32Array} pinned                (D,)
 * @property {[number, number] | null} place      where on the map the hand is, if it is there
 * @property {number | null} distance             on the map to the nearest point, where `z` is an estimate
 * @property {boolean} isHover                    shown, not pinned
 * @property {boolean} isChosen                   someone's hand pinned it; it is not a link's or a new model's
 * @property {number} stamp                       when the hand moved, as in `Event.timeStamp`
 */

export class Cursor {
  /** @param {Float32Array} z */
  constructor(z) {
    /** @type {Set<(move: Move) => void>} */
    this.listeners = new Set();
    /** @type {Move} */
    this.last = { z, pinned: z, place: null, distance: null, isHover: false, isChosen: false, stamp: 0 };
    /** Where on the map the latent was pinned, if it was pinned there. @type {[number, number] | null} */
    this.pinnedPlace = null;
    /** From there to the nearest point, where the latent is an estimate. @type {number | null} */
    this.pinnedDistance = null;
    /** Whether a move has been told in this frame. */
    this.isTold = false;
    /** Whether another one came after that. */
    this.isLate = false;
    this.frame = 0;
  }

  get z() {
    return this.last.z;
  }

  get pinned() {
    return this.last.pinned;
  }

  /** @param {(move: Move) => void} listener @returns {() => void} call it to be told no more */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Show a latent while the pointer is there.
   *
   * @param {Float32Array} z
   * @param {[number, number]} place
   * @param {number | null} distance
   * @param {number} stamp
   */
  hover(z, place, distance, stamp) {
    this.#move({ ...this.last, z, place, distance, isHover: true, stamp });
  }

  /**
   * Show a latent from now on.
   *
   * @param {Float32Array} z
   * @param {{place?: [number, number] | null, distance?: number | null, stamp?: number, isAtOnce?: boolean}} [how]
   *     `isAtOnce`: it is told now even if another was told in this frame, for the hand has come to its end
   */
  pin(z, { place = null, distance = null, stamp = performance.now(), isAtOnce = false } = {}) {
    this.pinnedPlace = place;
    this.pinnedDistance = distance;
    this.#move({ z, pinned: z, place, distance, isHover: false, isChosen: true, stamp }, isAtOnce);
  }

  /** Put the pinned latent back. @param {number} stamp */
  leave(stamp) {
    if (!this.last.isHover) return;
    this.#move({
      ...this.last,
      z: this.pinned,
      place: this.pinnedPlace,
      distance: this.pinnedDistance,
      isHover: false,
      stamp,
    });
  }

  /** Start from a latent that nobody chose just now: a link's, or a new model's. @param {Float32Array} z */
  start(z) {
    this.pinnedPlace = this.pinnedDistance = null;
    const stamp = performance.now();
    this.#move({ z, pinned: z, place: null, distance: null, isHover: false, isChosen: false, stamp });
  }

  /** The map has other axes: the pinned latent stays, the place where it was pinned means nothing there. */
  forgetPlace() {
    this.pinnedPlace = this.pinnedDistance = null;
    const { pinned } = this;
    this.#move({
      ...this.last,
      z: pinned,
      place: null,
      distance: null,
      isHover: false,
      isChosen: false,
      stamp: performance.now(),
    });
  }

  /** Tell everyone again, for example because the decoder is a new one. */
  repeat() {
    this.#move({ ...this.last, stamp: performance.now() });
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.listeners.clear();
  }

  /**
   * The first move in a frame is told at once, later ones together in the next frame: one decode a frame.
   *
   * @param {Move} move
   * @param {boolean} [isAtOnce]
   */
  #move(move, isAtOnce = false) {
    this.last = move;
    if (this.isTold && !isAtOnce) {
      this.isLate = true;
      return;
    }
    this.isLate = false;
    if (!this.isTold) {
      this.isTold = true;
      this.frame = requestAnimationFrame(() => {
        this.isTold = false;
        if (this.isLate) this.#move(this.last);
      });
    }
    for (const listener of this.listeners) listener(this.last);
  }
}

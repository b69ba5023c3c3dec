/** Fingers on the map: with two of them down, what they do is a pinch until the last one is lifted. */

/** @typedef {import("./frame.js").Pixel} Pixel */

export class Fingers {
  /** @param {Pick<import("./pointer.js").Hand, "pinch" | "letGo">} hand */
  constructor(hand) {
    this.hand = hand;
    /** Where those that are down are, by pointer, the first one first. @type {Map<number, Pixel>} */
    this.down = new Map();
    this.isPinching = false;
  }

  /**
   * @param {number} id
   * @param {Pixel} at
   * @param {boolean} isFirst  no other finger is down: those that seem to be were lost
   * @returns {boolean} whether it makes a pinch
   */
  put(id, at, isFirst) {
    if (isFirst) for (const lost of [...this.down.keys()]) this.lift(lost);
    this.down.set(id, at);
    this.isPinching ||= this.down.size > 1;
    return this.isPinching;
  }

  /** @param {number} id @param {Pixel} at @returns {boolean} whether that was part of a pinch */
  move(id, at) {
    if (!this.down.has(id)) return false;
    const before = this.#two();
    this.down.set(id, at);
    if (before) this.hand.pinch(before, this.#two());
    return this.isPinching;
  }

  /** @param {number} id @returns {boolean} whether that was part of a pinch */
  lift(id) {
    const wasPinching = this.isPinching;
    if (!this.down.delete(id) || this.down.size) return wasPinching;
    this.isPinching = false;
    if (wasPinching) this.hand.letGo();
    return wasPinching;
  }

  /** @returns {[Pixel, Pixel] | null} */
  #two() {
    const [a, b] = this.down.values();
    return b ? [a, b] : null;
  }
}

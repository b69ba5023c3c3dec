/**
 * When a run's decoder weights are asked for: as long as a hand moves over the map or a slider, and once without one
 * when the picture would be that of long ago. They are by far the largest thing that a run sends.
 */

/** The hand counts as gone when it has not moved for so long, in ms. */
const HAND_RESTS = 2500;

export class WeightsWish {
  /** @param {import("../data/stream.js").RunStream} stream  a new one: its first weights are wanted */
  constructor(stream) {
    this.stream = stream;
    /** Wanted whether or not a hand is there. */
    this.isOnce = true;
    /** Runs while the hand is there. */
    this.handTimer = 0;
    stream.hand(true);
  }

  handMoved() {
    this.stream.hand(true);
    clearTimeout(this.handTimer);
    this.handTimer = setTimeout(() => {
      this.handTimer = 0;
      if (!this.isOnce) this.stream.hand(false);
    }, HAND_RESTS);
  }

  /** Get the weights as they are now. @param {boolean} isLive  the run trains: a hand gets them anyway */
  once(isLive) {
    if (this.isOnce || (this.stream.hasHand && isLive)) return; // they are on their way
    this.isOnce = true;
    this.stream.hand(false);
    this.stream.hand(true);
  }

  /** Weights are here. */
  arrived() {
    if (!this.isOnce) return;
    this.isOnce = false;
    if (!this.handTimer) this.stream.hand(false);
  }

  close() {
    clearTimeout(this.handTimer);
  }
}

/**
 * When a run's decoder weights are asked for: as long as a hand moves over the map or a slider, and once without one
 * when the picture would be that of long ago. They are by far the largest thing that a run sends.
 */

/** So often it is looked whether the hand is still there, in ms. */
const REST = 2500;

export class WeightsRequest {
  /**
   * @param {import("../data/stream.js").RunStream} stream  a new one: its first weights are wanted
   * @param {() => boolean} isHandThere                      a hand that rests on the map is one as well
   */
  constructor(stream, isHandThere) {
    this.stream = stream;
    this.isHandThere = isHandThere;
    /** Wanted whether or not a hand is there. */
    this.isOnce = true;
    /** Runs while the hand is there. */
    this.timer = 0;
    stream.wantWeights(true);
  }

  /** A hand moved over the map or a slider: it gets weights as they come. */
  goOn() {
    this.stream.wantWeights(true);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      if (this.isHandThere()) this.goOn();
      else if (!this.isOnce) this.stream.wantWeights(false);
    }, REST);
  }

  /** Get the weights as they are now. @param {boolean} isLive  the run trains: a hand gets them anyway */
  once(isLive) {
    if (this.isOnce || (this.stream.wantsWeights && isLive)) return; // they are on their way
    this.isOnce = true;
    this.stream.wantWeights(false);
    this.stream.wantWeights(true);
  }

  /** Weights are here. */
  arrived() {
    if (!this.isOnce) return;
    this.isOnce = false;
    if (!this.timer) this.stream.wantWeights(false);
  }

  close() {
    clearTimeout(this.timer);
  }
}

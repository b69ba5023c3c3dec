/** Play: goes from one end of the way to the other and back, until it is paused. */

import { element, setText } from "../dom/dom.js";

/** From one end to the other it takes so long, in ms. */
const ONE_WAY = 4000;

export class Player {
  /**
   * @param {(t: number, stamp: number) => void} onMove  told the share of the way, 0..1, once a frame
   */
  constructor(onMove) {
    this.onMove = onMove;
    this.button = element("button", {
      type: "button",
      class: "le-play",
      title: "Walk to the other end and back, again and again",
      click: () => (this.isPlaying ? this.pause() : this.#play()),
    });
    /** The share of the way. */
    this.t = 0;
    /** 1: towards the end; -1: back. */
    this.way = 1;
    this.frame = 0;
    this.before = 0;
    this.#show();
  }

  get isPlaying() {
    return this.frame !== 0;
  }

  /** Someone goes elsewhere, or the walk is another one. @param {number} t  where it is to go on from */
  moveTo(t) {
    this.t = t;
  }

  pause() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.#show();
  }

  #play() {
    this.before = performance.now();
    if (this.t >= 1) this.way = -1;
    else if (this.t <= 0) this.way = 1;
    this.#next();
    this.#show();
  }

  #next() {
    this.frame = requestAnimationFrame((now) => {
      this.#next();
      const t = this.t + (this.way * Math.max(0, now - this.before)) / ONE_WAY;
      this.before = now;
      if (t >= 1 || t <= 0) this.way = t >= 1 ? -1 : 1;
      this.onMove(Math.min(1, Math.max(0, t)), now);
    });
  }

  #show() {
    setText(this.button, this.isPlaying ? "Pause" : "Play");
  }
}

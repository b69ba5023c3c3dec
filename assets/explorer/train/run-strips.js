/** Strips from the pinned latent of a run, whose decoder is ever a newer one: drawn anew, but not with each. */

import { Strips } from "../cursor/sliders/strips.js";
import { carriedBy } from "../latent/space.js";

/** @typedef {import("../latent/space.js").Space} Space */

/** They are drawn anew at most so often while a run trains, in ms. */
const EVERY = 1500;

export class RunStrips {
  /**
   * @param {import("../cursor/cursor.js").Cursor} cursor
   * @param {import("../decode/service.js").DecodeService} service
   */
  constructor(cursor, service) {
    this.strips = new Strips(cursor, service);
    this.element = this.strips.element;
    /** Whose codes the strips run through; null: there are no strips yet. @type {Space | null} */
    this.space = null;
    this.timer = 0;
  }

  /** Another run comes. */
  forget() {
    this.space = null;
  }

  /**
   * The decoder is a newer one.
   *
   * @param {string} model    as the decoding service knows it
   * @param {Space} space
   * @param {boolean} isAtOnce  someone looks at just this step
   */
  decodeBy(model, space, isAtOnce) {
    if (this.space !== space) this.#make(model, space);
    else if (isAtOnce) this.#draw();
    else this.timer ||= setTimeout(() => this.#draw(), EVERY);
  }

  close() {
    clearTimeout(this.timer);
    this.strips.close();
  }

  /** @param {string} model @param {Space} space */
  #make(model, space) {
    this.space = space;
    const order = Array.from({ length: space.dims }, (_, d) => d);
    const nothing = new Float64Array(space.dims); // what each carries stands in the bars
    this.strips.make(space, model, order, nothing, carriedBy(space), new Set(), rangeOf(space));
  }

  #draw() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.space) this.strips.setRange(rangeOf(this.space));
  }
}

/** @param {Space} space @returns {"prior" | "data"} */
function rangeOf({ isGaussian }) {
  return isGaussian ? "prior" : "data";
}

/** Where the hand is, in words: for the eye at every move, for the ear when the hand rests. */

import { element, setText } from "./dom.js";
import { labelOf } from "./space.js";
import { fixed, latentText } from "./numbers.js";
import { nearestPoints } from "./projection.js";

/** @typedef {import("./space.js").Space} Space */
/** @typedef {import("./walk.js").Move} Move */

const SPOKEN_AFTER = 700;

export class Readout {
  /** @param {import("./walk.js").Walk} walk */
  constructor(walk) {
    this.first = element("div", { class: "le-readout-first" }, "Loading the model …");
    this.second = element("div", { class: "le-caption" });
    this.spoken = element("div", { class: "le-unseen", role: "status", "aria-live": "polite" });
    this.element = element(
      "div",
      { class: "le-readout", "data-role": "readout" },
      this.first,
      this.second,
      this.spoken,
    );
    /** @type {Space | null} */
    this.space = null;
    this.timer = 0;
    this.unsubscribe = walk.subscribe((move) => this.#show(move));
  }

  /** @param {Space} space */
  read(space) {
    this.space = space;
  }

  close() {
    clearTimeout(this.timer);
    this.unsubscribe();
  }

  /** @param {Move} move */
  #show(move) {
    if (!this.space || move.z.length !== this.space.dims) return;
    const what = move.isHover ? "Under the hand" : "Pinned";
    setText(this.first, `${what}: z = ${latentText(move.z)}`);
    setText(this.second, this.#near(move));
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => setText(this.spoken, `${this.first.textContent}. ${this.second.textContent}`),
      SPOKEN_AFTER,
    );
  }

  /** @param {Move} move @returns {string} */
  #near({ z, distance }) {
    const { indices, squares } = nearestPoints(z, this.space.mean, 1);
    if (!indices.length || !Number.isFinite(squares[0])) return "";
    const name = labelOf(this.space, indices[0]);
    const nearest = `Nearest real image${name ? `: ${name},` : ""} ${fixed(Math.sqrt(squares[0]))} away in latent space`;
    if (distance === null) return nearest;
    return `${nearest}. An estimate from the 8 nearest dots; the nearest is ${fixed(distance)} away on the map`;
  }
}

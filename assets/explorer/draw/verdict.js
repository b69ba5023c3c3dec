/** How unusual what is on the pad is for the model, in words: for the eye after every line, for the ear when it rests. */

import { distanceText } from "../cursor/code-text.js";
import { element, setText } from "../dom/dom.js";
import { percent } from "../dom/format.js";
import { unusualWord } from "./unusual.js";

/** @typedef {import("./unusual.js").Rank} Rank */

/**
 * @typedef {object} Judged
 * @property {Rank} rank
 * @property {number} distance     from its code to the nearest image's
 * @property {number} meanSquare   of its reconstruction's error; NaN: not known yet
 * @property {string} nearest      name of the nearest image
 */

export class Verdict {
  constructor() {
    this.word = element("strong", { role: "status" });
    this.distance = element("span", { class: "le-caption" });
    this.error = element("span", { class: "le-caption" });
    this.element = element(
      "div",
      { class: "le-verdict le-numbers", "data-role": "verdict" },
      this.word,
      this.distance,
      this.error,
    );
  }

  /** @param {string} sentence  what there is to say while nothing is drawn */
  rest(sentence) {
    setText(this.word, "");
    setText(this.distance, sentence);
    setText(this.error, "");
  }

  /** @param {Judged} judged @param {Pick<import("../latent/space.js").Space, "isGaussian" | "dims" | "config">} space */
  say({ rank, distance, meanSquare, nearest }, space) {
    setText(this.word, unusualWord(rank) || "Comparing with the model's images …");
    setText(
      this.distance,
      `${distanceText(distance, space)} from the nearest image, ${nearest}${
        among(rank.distance, "lie nearer to another")
      }`,
    );
    setText(
      this.error,
      Number.isNaN(meanSquare)
        ? ""
        : `Squared error ${meanSquare.toFixed(3)}${among(rank.error, "have less")}`,
    );
  }
}

/** @param {number} share @param {string} what  they do @returns {string} "" where it is not known */
function among(share, what) {
  return Number.isNaN(share) ? "" : `: ${percent(share)} of held-out images ${what}`;
}

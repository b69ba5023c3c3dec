/** What a class predicted: how many have said something, and once the teacher shows it, how many said what. */

import { element } from "../dom/dom.js";
import { numberText } from "./prediction.js";

/** @typedef {import("../data/lesson.js").Prediction} Prediction */
/** @typedef {import("../data/lesson.js").RoomNews} RoomNews */

export class Tally {
  /** @param {Prediction} prediction */
  constructor(prediction) {
    this.prediction = prediction;
    this.element = element("section", {
      class: "le-tally",
      "data-role": "tally",
      "aria-label": "What the class predicted",
      hidden: true,
    });
    this.drawn = "";
  }

  /** @param {RoomNews | null} news  null: there is no class */
  draw(news) {
    const drawn = JSON.stringify(news && [news.joined, news.predicted, news.said]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.element.hidden = news === null;
    if (news === null) return;
    const { joined, predicted, said } = news;
    if (!said) {
      this.element.replaceChildren(
        element("p", { class: "le-caption", role: "status" }, `${predicted} of ${joined} have predicted.`),
      );
      return;
    }
    const most = Math.max(1, ...said.map(([, count]) => count));
    this.element.replaceChildren(
      element("p", { class: "le-caption" }, "What the class predicted:"),
      element(
        "ul",
        {},
        ...said.map(([value, count]) =>
          element(
            "li",
            { "data-value": value },
            element("strong", {}, `${count} of ${predicted}`),
            ` ${this.#words(value)}`,
            element(
              "span",
              { class: "le-tally-bar", "aria-hidden": "true" },
              element("span", { style: `width: ${(100 * count) / most}%` }),
            ),
          )
        ),
      ),
    );
  }

  /** @param {number} value  an option's index, or a number @returns {string} */
  #words(value) {
    const { prediction } = this;
    return prediction.kind === "choice"
      ? prediction.options[value]?.say ?? ""
      : numberText(prediction, value);
  }
}

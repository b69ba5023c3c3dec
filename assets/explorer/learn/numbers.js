/** The numbers beside a thing: each has its quantity's name on it, so that a formula's symbol can light it. */

import { element, setText } from "../dom/dom.js";
import { numberText } from "./prediction.js";

export class Numbers {
  /** @param {import("../data/lesson.js").ShownNumber[]} shown */
  constructor(shown) {
    this.shown = shown;
    this.cells = shown.map(({ quantity }) =>
      element("dd", { "data-quantity": quantity, "data-number": quantity })
    );
    this.element = element(
      "dl",
      { class: "le-learn-numbers le-numbers", "aria-label": "Numbers" },
      ...shown.map(({ title }, n) =>
        element("div", {}, element("dt", { class: "le-fine" }, title), this.cells[n])
      ),
    );
  }

  /** @param {import("../data/lesson.js").Values} values */
  draw(values) {
    this.shown.forEach((shown, n) =>
      setText(this.cells[n], numberText(shown, values[shown.quantity] ?? NaN))
    );
  }
}

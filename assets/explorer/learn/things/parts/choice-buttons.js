/** A few choices as buttons side by side, one of them pressed. */

import { element } from "../../../dom/dom.js";

/** @template {string | number} T */
export class ChoiceButtons {
  /**
   * @param {string} label
   * @param {Array<[value: T, text: string]>} choices
   * @param {(value: T) => void} onChoose
   * @param {import("../../../dom/dom.js").Attributes} [attributes]
   */
  constructor(label, choices, onChoose, attributes = {}) {
    /** @type {Map<T, HTMLButtonElement>} */
    this.buttons = new Map(choices.map(([value, text]) => [
      value,
      element("button", { type: "button", "data-value": value, click: () => onChoose(value) }, text),
    ]));
    this.element = element(
      "div",
      { ...attributes, class: "le-segments le-learn-choices", role: "group", "aria-label": label },
      ...this.buttons.values(),
    );
  }

  /** @param {T} value  that is chosen */
  mark(value) {
    for (const [each, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(each === value));
    }
  }
}

/** A slider with its name and its number beside it. */

import { element, setText } from "../../../dom/dom.js";
import { fixed } from "../../../dom/format.js";

export class RangeField {
  /**
   * @param {object} options
   * @param {string} options.label
   * @param {number} options.least
   * @param {number} options.greatest
   * @param {number} options.step
   * @param {number} options.value
   * @param {(value: number) => void} options.onChange
   * @param {import("../../../dom/dom.js").Attributes} [options.attributes]
   */
  constructor({ label, least, greatest, step, value, onChange, attributes = {} }) {
    this.number = element("span", { class: "le-numbers" });
    this.input = element("input", {
      type: "range",
      min: least,
      max: greatest,
      step,
      class: "le-progress-slider",
      "aria-label": label,
      ...attributes,
      input: () => {
        this.#say();
        onChange(this.input.valueAsNumber);
      },
    });
    this.element = element(
      "label",
      { class: "le-learn-way" },
      element("span", { class: "le-caption" }, `${label}: `, this.number),
      this.input,
    );
    this.value = value;
  }

  get value() {
    return this.input.valueAsNumber;
  }

  set value(value) {
    this.input.value = String(value);
    this.#say();
  }

  #say() {
    setText(this.number, fixed(this.input.valueAsNumber));
  }
}

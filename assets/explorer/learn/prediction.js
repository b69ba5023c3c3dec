/** The question before anything moves: asked, kept, and shown again beside what happened. */

import { element, uniqueId } from "../dom/dom.js";
import { fixed, percent } from "../dom/format.js";

/** @typedef {import("../data/lesson.js").Prediction} Prediction */

export class PredictionPart {
  /** @param {Prediction} prediction @param {(said: number) => void} onSay  index of the option, or the number */
  constructor(prediction, onSay) {
    this.prediction = prediction;
    this.onSay = onSay;
    this.trouble = element("p", { class: "le-caption", role: "alert" });
    this.element = element("section", {
      class: "le-prediction",
      "data-role": "prediction",
      "aria-label": "Your prediction",
    });
    this.ask();
  }

  /** Ask the question. */
  ask() {
    const { prediction } = this;
    this.trouble.textContent = "";
    this.element.dataset.state = "open";
    this.element.replaceChildren(
      element("p", { class: "le-question" }, prediction.ask),
      prediction.kind === "choice" ? this.#options() : this.#number(),
      this.trouble,
    );
  }

  /**
   * @param {number} said
   * @returns {boolean} whether such an answer can be given
   */
  accepts(said) {
    const { kind, options, least, greatest } = this.prediction;
    if (kind === "choice") return Number.isInteger(said) && said >= 0 && said < options.length;
    return Number.isFinite(said) && said >= least && said <= greatest;
  }

  /** Show what was said, and once it is known, what happened. @param {number} said @param {number | null} outcome */
  show(said, outcome) {
    const { prediction } = this;
    this.element.dataset.state = "said";
    const words = prediction.kind === "choice" ? prediction.options[said].say : numberText(prediction, said);
    const lines = [
      element("p", { class: "le-question" }, prediction.ask),
      element("p", {}, element("span", { class: "le-caption" }, "You said: "), element("strong", {}, words)),
    ];
    if (outcome !== null) {
      const right = answerOf(prediction, outcome);
      const isRight = prediction.kind === "choice"
        ? right === said
        : Math.abs(outcome - said) <= prediction.near;
      this.element.dataset.state = isRight ? "right" : "wrong";
      const happened = right === null ? "" : ` ${prediction.options[right].say}`;
      lines.push(
        element(
          "p",
          { "data-role": "outcome" },
          element("span", { class: "le-caption" }, "What happened: "),
          element("strong", {}, happened || numberText(prediction, outcome)),
          ` (${prediction.title}: ${numberText(prediction, outcome)}). `,
          isRight ? "As you said." : "Not what you said: that is worth a second look.",
        ),
      );
    }
    this.element.replaceChildren(...lines);
  }

  #options() {
    return element(
      "div",
      { class: "le-options", role: "group", "aria-label": "Answers" },
      ...this.prediction.options.map(({ say }, n) =>
        element("button", { type: "button", click: () => this.onSay(n) }, say)
      ),
    );
  }

  #number() {
    const { least, greatest, unit } = this.prediction;
    const id = uniqueId("prediction");
    const field = element("input", { type: "number", id, step: "any", min: least, max: greatest });
    /** @param {Event} event */
    const submit = (event) => {
      event.preventDefault();
      const said = field.valueAsNumber;
      if (this.accepts(said)) this.onSay(said);
      else this.trouble.textContent = `Say a number from ${least} to ${greatest}.`;
    };
    return element(
      "form",
      { class: "le-options", submit, novalidate: true },
      element("label", { for: id, class: "le-caption" }, `Your number${unit ? `, in ${unit}` : ""}`),
      field,
      element("button", { type: "submit" }, "Say so"),
    );
  }
}

/**
 * @param {Prediction} prediction
 * @param {number} outcome  the measured quantity
 * @returns {number | null} index of the option that is right; null for a number
 */
export function answerOf({ kind, options }, outcome) {
  if (kind !== "choice") return null;
  const found = options.findIndex(({ greatest }) => outcome < greatest);
  return found < 0 ? options.length - 1 : found;
}

/** @param {{decimals: number, unit: string}} how @param {number} value @returns {string} */
export function numberText({ decimals, unit }, value) {
  if (unit === "%") return percent(value);
  return `${fixed(value, decimals)}${unit ? ` ${unit}` : ""}`;
}

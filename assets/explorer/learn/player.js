/**
 * A lesson, played: what will be learned, the prediction, the thing to touch, the check, the explanation, what to try
 * next. Everything it says and asks is the lesson's own data.
 */

import { download, element, setText, textButton } from "../dom/dom.js";
import { Check } from "./check.js";
import { Numbers } from "./numbers.js";
import { numberText, PredictionPart } from "./prediction.js";
import { keepProgress, readProgress } from "./progress.js";
import { textOf } from "./text.js";
import { THINGS } from "./things/things.js";

/** @typedef {import("../data/lesson.js").Lesson} Lesson */
/** @typedef {import("./things/thing.js").Thing} Thing */
/** @typedef {import("./things/thing.js").Order} Order */

export class Player {
  /**
   * @param {object} options
   * @param {Lesson} options.lesson
   * @param {import("../view.js").ExplorerData} options.data
   * @param {import("../decode/service.js").DecodeService} options.service
   * @param {(order: Order) => void} options.order
   */
  constructor({ lesson, data, service, order }) {
    this.lesson = lesson;
    this.isOpen = false;
    /** The quantity whose place stays lit. @type {string | null} */
    this.kept = null;
    const progress = readProgress(lesson.slug);
    const light = (/** @type {string | null} */ quantity, isKept = false) => this.#light(quantity, isKept);
    this.prediction = new PredictionPart(lesson.prediction, (said) => this.#say(said));
    /** What was said; null: nothing yet. @type {number | null} */
    this.said = progress.prediction !== null && this.prediction.accepts(progress.prediction)
      ? progress.prediction
      : null;
    /** What was measured; null: not all steps are done. */
    this.outcome = this.said === null ? null : progress.outcome;
    const isPassed = this.outcome !== null;
    // A measurement is of one visit: who left in the middle does the steps again, with the prediction kept.
    this.check = new Check(lesson.steps, isPassed ? lesson.steps.length : 0);
    this.thing = this.#makeThing({ data, service, order });
    this.numbers = new Numbers(lesson.numbers);
    this.gate = element("p", { class: "le-gate" }, "First say what you expect.");
    this.stage = element("div", { class: "le-learn-thing" }, this.thing.element);
    this.steps = element("ol", { class: "le-steps", tabindex: "-1" });
    this.verdict = element("p", { class: "le-verdict", role: "status" });
    this.buttons = element("div", { class: "le-buttons" });
    this.checkPart = element(
      "section",
      { class: "le-check", "data-role": "check", "data-state": "open", "aria-label": "What to do" },
      this.steps,
      this.buttons,
      this.verdict,
    );
    this.explanation = element(
      "section",
      { class: "le-explanation", "data-role": "explanation", hidden: true },
      element("h3", {}, "What happened"),
      ...textOf(lesson.explanation, light),
      element("h3", {}, "Try next"),
      ...textOf(lesson.next, light),
      element(
        "div",
        { class: "le-buttons", role: "group", "aria-label": "The code to take along" },
        ...Object.entries(lesson.files ?? {}).map(([name, text]) =>
          textButton(
            `Take along ${name}`,
            "The lesson as a program of its own: torch and vae_core",
            () => download(name, new Blob([text], { type: "text/plain" })),
          )
        ),
      ),
      element(
        "div",
        { class: "le-buttons" },
        textButton(
          "Do it again from the start",
          "Forget the prediction and all that was done",
          () => this.#restart(),
        ),
      ),
    );
    this.element = element(
      "article",
      { class: "le-lesson", "data-role": "lesson", "data-lesson": lesson.slug },
      element(
        "div",
        { class: "le-lesson-words" },
        element("h2", {}, lesson.title),
        element("p", { class: "le-learns" }, lesson.learns),
        ...textOf(lesson.intro, light),
        this.prediction.element,
        this.checkPart,
        this.explanation,
      ),
      element("div", { class: "le-lesson-thing" }, this.gate, this.stage, this.numbers.element),
    );
    if (this.said !== null) this.prediction.show(this.said, this.outcome);
    this.#showState();
  }

  /** @returns {"predict" | "try" | "passed"} */
  get state() {
    if (this.said === null) return "predict";
    return this.check.current ? "try" : "passed";
  }

  async open() {
    await this.thing.open();
    this.isOpen = true;
    this.#enter();
    this.#drawNumbers();
  }

  /** @param {import("../view.js").ExplorerData} data */
  update(data) {
    this.thing.update?.(data);
  }

  recolour() {
    this.thing.recolour?.();
  }

  close() {
    this.thing.close();
  }

  /**
   * @param {object} given
   * @param {import("../view.js").ExplorerData} given.data
   * @param {import("../decode/service.js").DecodeService} given.service
   * @param {(order: Order) => void} given.order
   * @returns {Thing}
   */
  #makeThing({ data, service, order }) {
    return new THINGS[this.lesson.thing]({
      data,
      lesson: this.lesson,
      service,
      order,
      onChange: () => this.#drawNumbers(),
      onHand: () => {
        this.#drawNumbers();
        this.#look("moment", this.thing.values);
      },
      onRun: (values) => this.#look("runs", values),
    });
  }

  #drawNumbers() {
    if (this.thing) this.numbers.draw(this.thing.values);
  }

  /** @param {number} said */
  #say(said) {
    this.said = said;
    this.prediction.show(said, null);
    this.#keep();
    this.#showState();
    this.#enter();
    this.steps.focus({ preventScroll: true }); // what had the focus is gone
  }

  #keep() {
    keepProgress(this.lesson.slug, {
      prediction: this.said,
      step: this.check.done,
      outcome: this.outcome,
    });
  }

  /** @param {"moment" | "runs"} kind @param {import("../data/lesson.js").Values} values */
  #look(kind, values) {
    if (this.said === null || this.isWaiting) return;
    const isDone = this.check.look(kind, values);
    if (isDone && !this.check.current) this.#pass();
    else if (isDone) this.isWaiting = true; // the hand is still there: the next step begins when it is asked for
    this.#showState();
  }

  /** A step is done, and the next one has not been asked for. */
  isWaiting = false;

  #pass() {
    const { at, quantity } = this.lesson.prediction;
    const last = this.lesson.steps.at(-1);
    if (last) this.thing.set(last.leave);
    this.outcome = this.check.measured(at, quantity);
    if (this.said !== null) this.prediction.show(this.said, this.outcome);
    this.#keep();
  }

  #goOn() {
    this.isWaiting = false;
    this.thing.set(this.lesson.steps[this.check.done - 1].leave);
    this.#enter();
    this.#keep();
    this.#showState();
    this.steps.focus({ preventScroll: true });
  }

  /** Set the thing as the current step wants it. */
  #enter() {
    const { current } = this.check;
    if (this.isOpen && current && this.said !== null) this.thing.set(current.enter);
  }

  /** Someone asks for the check before the last step is done. */
  #judge() {
    const { current } = this.check;
    if (!current) return;
    const { check } = this;
    const soFar = current.times > 1 ? ` So far: ${check.times} of ${current.times}.` : "";
    this.checkPart.dataset.state = "failed";
    setText(this.verdict, `Not yet: step ${check.done + 1} is missing. ${current.missing}${soFar}`);
    this.#showButtons();
  }

  #restart() {
    keepProgress(this.lesson.slug, null);
    this.said = this.outcome = null;
    this.isWaiting = false;
    this.check = new Check(this.lesson.steps);
    this.checkPart.dataset.state = "open";
    this.prediction.ask();
    this.verdict.textContent = "";
    this.#showState();
    this.element.scrollIntoView({ block: "nearest" });
  }

  #showState() {
    const { state, check, lesson } = this;
    this.element.dataset.state = state;
    this.gate.hidden = state !== "predict";
    this.stage.inert = state === "predict";
    this.checkPart.hidden = state === "predict";
    if (state === "passed") this.checkPart.dataset.state = "passed";
    this.steps.replaceChildren(
      ...lesson.steps.slice(0, Math.max(1, check.done + Number(!this.isWaiting))).map((step, n) => {
        const isDone = n < check.done;
        const count = step.times > 1 && !isDone ? ` (${check.times} of ${step.times})` : "";
        return element(
          "li",
          { "data-step": step.name, "data-done": String(isDone) },
          isDone ? element("span", { class: "le-done", "aria-label": "done" }, "✓ ") : null,
          step.do + count,
        );
      }),
    );
    for (const part of this.stage.querySelectorAll("[data-part]")) {
      const isCurrent = part instanceof HTMLElement && part.dataset.part === check.current?.part;
      part.classList.toggle("le-current", state === "try" && !this.isWaiting && isCurrent);
    }
    if (state === "passed") setText(this.verdict, "Passed: all of it was measured on what you did here.");
    this.explanation.hidden = state !== "passed";
    this.#showButtons();
  }

  #showButtons() {
    const buttons = [];
    if (this.state === "try" && this.isWaiting) {
      const next = textButton("Next step", "Go on", () => this.#goOn());
      next.classList.add("le-learn-main");
      buttons.push(next);
    } else if (this.state === "try") {
      buttons.push(textButton("Check", "Ask whether this is done", () => this.#judge()));
      if (this.checkPart.dataset.state === "failed") {
        buttons.push(textButton("Explain it all the same", "Show the explanation", () => {
          this.explanation.hidden = false;
        }));
      }
    }
    this.buttons.replaceChildren(...buttons);
  }

  /** @param {string | null} quantity @param {boolean} isKept */
  #light(quantity, isKept) {
    if (isKept) this.kept = this.kept === quantity ? null : quantity;
    const lit = quantity ?? this.kept;
    for (const each of this.element.querySelectorAll("[data-quantity]")) {
      each.classList.toggle("le-lit", each instanceof HTMLElement && each.dataset.quantity === lit);
    }
    const shown = this.lesson.numbers.find((each) => each.quantity === lit);
    for (const symbol of this.element.querySelectorAll("[data-lights]")) {
      if (!(symbol instanceof HTMLElement)) continue;
      symbol.classList.toggle("le-lit", symbol.dataset.lights === lit);
      if (symbol.dataset.lights !== lit || !lit) continue;
      const value = this.thing.values[lit];
      symbol.title = `${shown?.title ?? lit}: ${numberText(shown ?? { decimals: 3, unit: "" }, value)}`;
    }
  }
}

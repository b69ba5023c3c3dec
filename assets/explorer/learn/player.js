/**
 * A lesson, played: what will be learned, the prediction, the thing to touch, the check, the explanation, what to try
 * next. Everything it says and asks is the lesson's own data.
 */

import { download, element, setText, textButton } from "../dom/dom.js";
import { seededRandom } from "../latent/codes.js";
import { Check } from "./check.js";
import { Numbers } from "./numbers.js";
import { numberText, PredictionPart } from "./prediction.js";
import { keepProgress, readProgress } from "./progress.js";
import { Tally } from "./tally.js";
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
   * @param {() => void} options.onSetBack  play it from the start, as if nothing had been done
   * @param {import("./room.js").Room | null} [options.room]  the class that does this lesson together
   */
  constructor({ lesson, data, service, order, onSetBack, room = null }) {
    this.lesson = lesson;
    this.onSetBack = onSetBack;
    this.room = room;
    /** How far the teacher has led the class. */
    this.stageOfClass = room?.source.stage ?? "try";
    /** Whether someone goes on by themselves. */
    this.isFree = room === null || room.source.own;
    this.isOpen = false;
    /** The quantity whose place stays lit. @type {string | null} */
    this.kept = null;
    const progress = readProgress(lesson.slug);
    const light = (/** @type {string | null} */ quantity, isKept = false) => this.#light(quantity, isKept);
    this.prediction = new PredictionPart(lesson.prediction, (said) => this.#say(said));
    this.tally = new Tally(lesson.prediction);
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
    this.gate = element("div", { class: "le-gate", tabindex: "-1" });
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
    );
    this.back = element(
      "div",
      { class: "le-buttons" },
      textButton(
        "Set everything back",
        "Forget the prediction and all that was done in this lesson",
        () => this.#setBack(),
      ),
    );
    this.element = element(
      "article",
      { class: "le-lesson", "data-role": "lesson", "data-lesson": lesson.slug, tabindex: "-1" },
      element(
        "div",
        { class: "le-lesson-words" },
        element("h2", {}, lesson.title),
        element("p", { class: "le-learns" }, lesson.learns),
        ...textOf(lesson.intro, light),
        this.prediction.element,
        this.tally.element,
        this.checkPart,
        this.explanation,
      ),
      element("div", { class: "le-lesson-thing" }, this.gate, this.stage, this.numbers.element, this.back),
    );
    if (this.said !== null) this.prediction.show(this.said, this.outcome);
    this.#tellClass();
    this.#showState();
  }

  /** @returns {"predict" | "hold" | "try" | "passed"}  "hold": until the teacher lets the class try */
  get state() {
    if (this.said === null) return "predict";
    if (!this.check.current) return "passed";
    return this.isFree || this.stageOfClass === "try" ? "try" : "hold";
  }

  /** What the class does. @param {import("../data/lesson.js").RoomNews | null} news  null: it is over */
  hear(news) {
    this.tally.draw(news);
    const before = this.state;
    if (news) this.stageOfClass = news.stage;
    else this.isFree = true;
    if (this.state !== before) this.#changeState();
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

  /** Let keys go on from the lesson's beginning. */
  focus() {
    this.element.focus();
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
      random: typeof this.lesson.seed === "number" ? seededRandom(this.lesson.seed) : Math.random,
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
    this.#changeState();
    const next = this.state === "hold" ? this.gate : this.steps;
    next.focus({ preventScroll: true }); // what had the focus is gone
  }

  #changeState() {
    this.#showState();
    this.#enter();
  }

  #tellClass() {
    this.room?.tell({ prediction: this.said, step: this.check.done });
  }

  #keep() {
    this.#tellClass();
    keepProgress(this.lesson.slug, {
      prediction: this.said,
      step: this.check.done,
      outcome: this.outcome,
    });
  }

  /** @param {"moment" | "runs"} kind @param {import("../data/lesson.js").Values} values */
  #look(kind, values) {
    if (this.state !== "try" || this.isWaiting) return;
    const isDone = this.check.look(kind, values);
    if (isDone && !this.check.current) this.#pass();
    else if (isDone) {
      this.isWaiting = true; // the hand is still there: the next step begins when it is asked for
      this.#keep();
    }
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

  #goFree() {
    this.isFree = true;
    this.#changeState();
    this.steps.focus({ preventScroll: true });
  }

  /** Set the thing as the current step wants it. */
  #enter() {
    const { current } = this.check;
    if (this.isOpen && current && this.state === "try") this.thing.set(current.enter);
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

  #setBack() {
    keepProgress(this.lesson.slug, null);
    this.onSetBack();
  }

  #showState() {
    const { state, check, lesson } = this;
    this.element.dataset.state = state;
    const isShut = state === "predict" || state === "hold";
    this.gate.hidden = !isShut;
    this.gate.replaceChildren(
      ...(state === "hold"
        ? [
          "Your answer is counted. Your teacher lets everyone try in a moment. ",
          textButton("Go on without waiting", "Try it by yourself", () => this.#goFree()),
        ]
        : ["First say what you expect."]),
    );
    this.stage.inert = isShut;
    this.checkPart.hidden = isShut;
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
      if (!(part instanceof HTMLElement)) continue;
      const { part: name = "" } = part.dataset;
      const isCurrent = name === check.current?.part;
      part.classList.toggle("le-current", state === "try" && !this.isWaiting && isCurrent);
      part.hidden = lesson.hide?.includes(name) ?? false;
      part.inert = lesson.lock?.includes(name) ?? false;
    }
    this.numbers.element.hidden = lesson.hide?.includes("numbers") ?? false;
    this.back.hidden = state === "predict";
    if (state === "passed") setText(this.verdict, "Passed: all of it was measured on what you did here.");
    this.explanation.hidden = state !== "passed";
    this.#showButtons();
  }

  #showButtons() {
    const buttons = [];
    const hadFocus = this.buttons.contains(document.activeElement);
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
    if (hadFocus) buttons[0]?.focus({ preventScroll: true }); // for keys: what had the focus is gone
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

/**
 * Slow motion: one real update taken apart, at the learner's pace.
 *
 * All numbers keep their place from the beginning and become visible when their step is reached, so nothing moves.
 */

import { element, setText } from "../../dom/dom.js";
import { grouped } from "../../dom/format.js";
import { Picture } from "../../dom/pictures.js";
import { heaviestFirst } from "../../latent/space.js";
import { fillLoss, fillWeights, latentTable, lossBars, weightBars } from "./numbers.js";
import { stepsOf } from "./steps.js";

/** @typedef {import("./detail.js").Detail} Detail */

/** How long a step stays when it plays by itself, in ms. */
const PACE = 4000;

/** Of many dimensions, those that carry most are shown. */
const SHOWN_DIMS = 5;

export class SlowMotion {
  /**
   * @param {object} tell
   * @param {() => void} tell.onDraw   what the map shows of it has changed
   * @param {() => void} tell.onClose
   */
  constructor({ onDraw, onClose }) {
    Object.assign(this, { onDraw, onClose });
    /** @type {Detail | null} */
    this.detail = null;
    /** @type {import("./steps.js").Step[]} */
    this.steps = [];
    this.step = 0;
    this.chosen = 0;
    this.timer = 0;
    this.heading = element("h2", {});
    const images = { class: "le-slow-images", role: "group", "aria-label": "Images of the step" };
    this.images = element("div", images);
    this.stepRow = element("div", { class: "le-slow-steps", role: "group", "aria-label": "Steps" });
    this.title = element("h3", {});
    this.formula = element("p", { class: "le-formula" });
    this.words = element("p", {});
    this.body = element("div", { class: "le-slow-body" });
    const button = (text, click) => element("button", { type: "button", click }, text);
    this.back = button("Back", () => this.#turn(this.step - 1));
    this.play = button("Play", () => this.#toggle());
    this.next = button("Next", () => this.#turn(this.step + 1));
    this.element = element(
      "section",
      {
        class: "le-slow",
        "data-role": "slow-motion",
        "aria-label": "Slow motion",
        tabindex: "-1",
        hidden: true,
        keydown: (event) => this.#key(event),
      },
      element(
        "div",
        { class: "le-heading" },
        this.heading,
        element("button", { type: "button", class: "le-quiet", click: () => this.hide() }, "Close"),
      ),
      this.images,
      this.stepRow,
      element("div", { class: "le-buttons le-slow-buttons" }, this.back, this.play, this.next),
      element(
        "div",
        { class: "le-slow-text", "aria-live": "polite" },
        this.title,
        this.formula,
        this.words,
      ),
      this.body,
    );
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** @returns {Set<string>} parts that are seen by now */
  get reached() {
    return new Set(this.steps.slice(0, this.step + 1).map(({ part }) => part));
  }

  /**
   * Show an update from its first step on.
   *
   * @param {Detail} detail
   * @param {import("../../data/run.js").Run} run
   */
  show(detail, run) {
    this.#stop();
    this.detail = detail;
    this.run = run;
    this.steps = stepsOf(detail, run.space.config.likelihood);
    this.element.hidden = false;
    setText(this.heading, `Slow motion: the update to step ${grouped(detail.step)}`);
    this.#makeImages();
    this.#makeSteps();
    this.#makeBody();
    this.#choose(0);
    this.#turn(0);
    this.element.focus({ preventScroll: true });
    // On a phone it lies far below the button that asked for it.
    if (this.element.getBoundingClientRect().top > 0.8 * innerHeight) this.element.scrollIntoView();
  }

  hide() {
    if (!this.isOpen) return;
    this.#stop();
    this.element.hidden = true;
    this.onClose();
  }

  close() {
    this.#stop();
  }

  #makeImages() {
    const { detail } = this;
    this.buttons = Array.from({ length: detail.count }, (_, n) => {
      const picture = new Picture(detail.shape, { "aria-hidden": "true" });
      picture.draw(detail.picture("x", n));
      return element(
        "button",
        { type: "button", "aria-label": `Image ${n + 1}${this.#labelOf(n)}`, click: () => this.#choose(n) },
        picture.canvas,
      );
    });
    this.images.replaceChildren(...this.buttons);
  }

  /** @param {number} n @returns {string} */
  #labelOf(n) {
    const label = this.detail.labels[n];
    if (label === null || label === undefined) return "";
    return `, ${typeof label === "number" ? (this.run.space.labelNames[label] ?? label) : label}`;
  }

  #makeSteps() {
    this.stepButtons = this.steps.map(({ name }, n) =>
      element(
        "button",
        { type: "button", title: name, click: () => this.#turn(n) },
        `${n + 1}`,
        element("span", {}, name),
      )
    );
    this.stepRow.replaceChildren(...this.stepButtons);
  }

  #makeBody() {
    const { detail } = this;
    const { shape, dims } = detail;
    const carried = Float32Array.from({ length: dims }, (_, d) => {
      let sum = 0;
      for (let n = 0; n < detail.count; n++) {
        sum += detail.isGaussian ? detail.row("kl", n)[d] : detail.row("z", n)[d] ** 2;
      }
      return sum;
    });
    const order = dims <= SHOWN_DIMS ? [...Array(dims).keys()] : heaviestFirst(carried).slice(0, SHOWN_DIMS);
    this.pictures = {
      x: new Picture(shape, { "aria-label": "The image" }),
      reconstruction: new Picture(shape, { "aria-label": "Its reconstruction" }),
    };
    this.table = latentTable(detail, order);
    this.loss = lossBars(detail);
    this.weights = weightBars(detail);
    const figure = (part, symbol) =>
      element(
        "figure",
        { "data-part": part },
        this.pictures[part].canvas,
        element("figcaption", { class: "le-formula" }, symbol),
      );
    this.body.replaceChildren(
      figure("x", "x"),
      element(
        "div",
        { class: "le-slow-middle" },
        this.table.element,
        dims > order.length
          ? element(
            "p",
            { class: "le-caption" },
            `The ${order.length} of ${dims} dimensions that carry most.`,
          )
          : null,
      ),
      figure("reconstruction", "x̂"),
      this.loss.element,
      this.weights.element,
    );
    fillWeights(this.weights, detail);
  }

  /** @param {number} n  which image */
  #choose(n) {
    this.chosen = n;
    this.buttons.forEach((each, k) => each.setAttribute("aria-pressed", String(k === n)));
    for (const [part, picture] of Object.entries(this.pictures)) picture.draw(this.detail.picture(part, n));
    this.table.fill(n);
    fillLoss(this.loss, this.detail, n);
    this.#say();
    this.onDraw();
  }

  /** @param {number} step */
  #turn(step) {
    this.step = Math.min(this.steps.length - 1, Math.max(0, step));
    const { reached } = this;
    const { part } = this.steps[this.step];
    for (const node of this.body.querySelectorAll("[data-part]")) {
      node.classList.toggle("le-ahead", !reached.has(node.dataset.part));
      node.classList.toggle("le-current", node.dataset.part === part);
    }
    this.stepButtons.forEach((each, n) => {
      each.classList.toggle("le-reached", n <= this.step);
      if (n === this.step) each.setAttribute("aria-current", "step");
      else each.removeAttribute("aria-current");
    });
    this.back.disabled = this.step === 0;
    this.next.disabled = this.step === this.steps.length - 1;
    if (this.next.disabled) this.#stop();
    this.#say();
    this.onDraw();
  }

  #say() {
    const { title, formula, says } = this.steps[this.step];
    setText(this.title, title);
    setText(this.formula, formula);
    setText(this.words, says(this.detail, this.chosen));
  }

  #toggle() {
    if (this.timer) {
      this.#stop();
      return;
    }
    if (this.step === this.steps.length - 1) this.#turn(0);
    else this.#turn(this.step + 1);
    this.timer = setInterval(() => this.#turn(this.step + 1), PACE);
    setText(this.play, "Pause");
  }

  #stop() {
    clearInterval(this.timer);
    this.timer = 0;
    setText(this.play, "Play");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.steps.length - 1;
    const step = { ArrowRight: this.step + 1, ArrowLeft: this.step - 1, Home: 0, End: last }[event.key];
    if (step !== undefined) this.#turn(step);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
  }
}

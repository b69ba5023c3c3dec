/**
 * Slow motion: one real update taken apart, at the learner's pace.
 *
 * All numbers keep their place from the beginning and become visible when their step is reached, so nothing moves.
 */

import { element, setText } from "../../dom/dom.js";
import { grouped } from "../../dom/format.js";
import { Picture } from "../../dom/pictures.js";
import { stepsOf } from "./steps.js";
import { UpdateBody } from "./update-body.js";

/** @typedef {import("./detail.js").Detail} Detail */

/** How long a step stays when it plays by itself, in ms. */
const PACE = 4000;

/**
 * @typedef {object} Update       what is made for the update that is explained
 * @property {Detail} detail
 * @property {import("./steps.js").Step[]} steps
 * @property {HTMLElement[]} imageButtons
 * @property {HTMLElement[]} stepButtons
 * @property {UpdateBody} body
 */

export class SlowMotion {
  /**
   * @param {object} tell
   * @param {() => void} tell.onDraw   what the map shows of it has changed
   * @param {() => void} tell.onClose
   */
  constructor({ onDraw, onClose }) {
    this.onDraw = onDraw;
    this.onClose = onClose;
    /** @type {Update | null} */
    this.update = null;
    this.step = 0;
    this.chosen = 0;
    this.timer = 0;
    this.heading = element("h2", {});
    const images = { class: "le-slow-images", role: "group", "aria-label": "Images of the step" };
    this.images = element("div", images);
    this.stepRow = element("div", { class: "le-slow-steps", role: "group", "aria-label": "Steps" });
    this.text = element("div", { class: "le-slow-text", "aria-live": "polite" });
    this.body = element("div", { class: "le-slow-body" });
    /** @param {string} text @param {() => void} click */
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
      this.text,
      this.body,
    );
  }

  /** The update that is explained; null: none is. @returns {Detail | null} */
  get detail() {
    return this.element.hidden ? null : (this.update?.detail ?? null);
  }

  /** Where in it one is; null where nothing is explained. */
  get place() {
    const { detail, step, chosen } = this;
    return detail && { update: detail.step, step, image: chosen };
  }

  /**
   * Go where another is, if this is the update that they look at.
   *
   * @param {{update: number, step: number, image: number} | null} theirs  null: nowhere
   */
  goTo(theirs) {
    const { place, update } = this;
    if (!theirs) {
      this.hide();
      return;
    }
    if (update?.detail.step !== theirs.update) return;
    this.element.hidden = false;
    if (theirs.image !== place?.image) this.#choose(Math.min(theirs.image, update.detail.count - 1));
    if (theirs.step !== place?.step) this.#turn(theirs.step);
  }

  /** @returns {Set<string>} parts that are seen by now */
  get reached() {
    return new Set(this.update?.steps.slice(0, this.step + 1).map(({ part }) => part));
  }

  /**
   * Explain an update, from its first step on.
   *
   * @param {Detail} detail
   * @param {import("../../latent/space.js").Space} space  of the run that took it
   */
  explain(detail, space) {
    this.#stop();
    const steps = stepsOf(detail, space.config.likelihood);
    const body = new UpdateBody(detail);
    const imageButtons = this.#imageButtons(detail, space.labelNames);
    const stepButtons = this.#stepButtons(steps);
    this.step = 0;
    this.update = { detail, steps, imageButtons, stepButtons, body };
    this.images.replaceChildren(...imageButtons);
    this.stepRow.replaceChildren(...stepButtons);
    this.text.replaceChildren(...steps.map(() => element("div", {})));
    this.body.replaceWith(body.element);
    this.body = body.element;
    this.element.hidden = false;
    setText(this.heading, `Slow motion: the update to step ${grouped(detail.step)}`);
    this.#choose(0);
    this.#turn(0);
    this.element.focus({ preventScroll: true });
    // On a phone it lies far below the button that asked for it.
    if (this.element.getBoundingClientRect().top > 0.8 * innerHeight) this.element.scrollIntoView();
  }

  hide() {
    if (this.element.hidden) return;
    this.#stop();
    this.element.hidden = true;
    this.onClose();
  }

  close() {
    this.#stop();
  }

  /** @param {Detail} detail @param {string[]} labelNames */
  #imageButtons(detail, labelNames) {
    return Array.from({ length: detail.count }, (_, n) => {
      const picture = new Picture(detail.shape, { "aria-hidden": "true" });
      picture.draw(detail.picture("x", n));
      const label = `Image ${n + 1}${labelWords(detail.labels[n], labelNames)}`;
      return element(
        "button",
        { type: "button", "aria-label": label, click: () => this.#choose(n) },
        picture.canvas,
      );
    });
  }

  /** @param {import("./steps.js").Step[]} steps */
  #stepButtons(steps) {
    return steps.map(({ name }, n) =>
      element(
        "button",
        { type: "button", title: name, click: () => this.#turn(n) },
        `${n + 1}`,
        element("span", {}, name),
      )
    );
  }

  /** @param {number} n  which image */
  #choose(n) {
    if (!this.update) return;
    const { imageButtons, body } = this.update;
    this.chosen = n;
    imageButtons.forEach((each, k) => each.setAttribute("aria-pressed", String(k === n)));
    body.fill(n);
    this.#say();
    this.onDraw();
  }

  /** @param {number} step */
  #turn(step) {
    if (!this.update) return;
    const { steps, stepButtons, body } = this.update;
    this.step = Math.min(steps.length - 1, Math.max(0, step));
    body.reveal(this.reached, steps[this.step].part);
    stepButtons.forEach((each, n) => {
      each.classList.toggle("le-reached", n <= this.step);
      this.text.children[n].classList.toggle("le-ahead", n !== this.step);
      if (n === this.step) each.setAttribute("aria-current", "step");
      else each.removeAttribute("aria-current");
    });
    this.back.disabled = this.step === 0;
    this.next.disabled = this.step === steps.length - 1;
    if (this.next.disabled) this.#stop();
    this.onDraw();
  }

  /** Write what each step says of the image. All lie on each other: the longest says how much room there is. */
  #say() {
    if (!this.update) return;
    const { detail, steps } = this.update;
    steps.forEach(({ title, formula, says }, n) =>
      this.text.children[n].replaceChildren(
        element("h3", {}, title),
        element("p", { class: "le-formula" }, formula),
        element("p", {}, says(detail, this.chosen)),
      )
    );
  }

  #toggle() {
    if (this.timer) {
      this.#stop();
      return;
    }
    this.#turn(this.next.disabled ? 0 : this.step + 1);
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
    if (event.key === "ArrowRight") this.#turn(this.step + 1);
    else if (event.key === "ArrowLeft") this.#turn(this.step - 1);
    else if (event.key === "Home") this.#turn(0);
    else if (event.key === "End") this.#turn(Infinity);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
  }
}

/**
 * @param {number | string | null | undefined} label
 * @param {string[]} names  of the classes
 * @returns {string} e.g. ", sneaker"; nothing without a label
 */
function labelWords(label, names) {
  if (label === null || label === undefined) return "";
  return `, ${typeof label === "number" ? (names[label] ?? label) : label}`;
}

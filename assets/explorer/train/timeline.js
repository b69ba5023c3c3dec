/**
 * The scrubber: a slider over the moments that a run keeps, its last place being now.
 *
 * Moments lie dense at a run's start, where most happens, so places go by the square root of the step. A tick stands
 * for each moment, a diamond where a setting was changed.
 */

import { element } from "../dom/dom.js";
import { grouped } from "../dom/format.js";

/** @typedef {import("../data/messages.js").Moment} Moment */
/** @typedef {import("../data/messages.js").Mark} Mark */

/** So many moments Page up and Page down go. */
const PAGE = 5;

/** Two labels below the ticks are at least so far apart: in shares of the track, and in px on a narrow one. */
const LABEL_ROOM = 0.09;
const LABEL_WIDTH = 40;

/** Which numbers may stand below the ticks. */
const ROUND = [1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** (power - 1)));

export class Timeline {
  /**
   * @param {object} tell
   * @param {(index: number | null, stamp: number) => void} tell.onMove  the hand is at a moment; null: at now
   * @param {() => void} tell.onNear                                     the hand comes near
   */
  constructor({ onMove, onNear }) {
    this.onMove = onMove;
    /** @type {Moment[]} */
    this.moments = [];
    /** @type {Mark[]} */
    this.marks = [];
    this.end = 1;
    this.now = 0;
    /** The moment that is shown; null: now. @type {number | null} */
    this.index = null;
    this.isHeld = false;
    this.done = element("span", { class: "le-track-done" });
    this.track = element("span", { class: "le-track" }, this.done);
    this.ticks = element("span", { class: "le-ticks" });
    this.diamonds = element("span", { class: "le-ticks" });
    this.labels = element("span", { class: "le-tick-labels" });
    this.thumb = element("span", { class: "le-thumb" });
    this.element = element(
      "div",
      {
        class: "le-scrubber",
        "data-role": "scrubber",
        role: "slider",
        tabindex: "0",
        "aria-label": "Moment of the run",
        "aria-valuemin": 0,
        pointerdown: (event) => this.#grab(event),
        pointermove: (event) => this.isHeld && this.#drag(event),
        pointerup: () => this.#release(),
        pointercancel: () => this.#release(),
        keydown: (event) => this.#key(event),
        pointerenter: onNear,
        focus: onNear,
      },
      this.track,
      this.ticks,
      this.diamonds,
      this.labels,
      this.thumb,
    );
    this.resizes = new ResizeObserver(() => this.#layOut());
    this.resizes.observe(this.element);
  }

  close() {
    this.resizes.disconnect();
  }

  /** Take what the run keeps and where its settings were changed. @param {Moment[]} moments @param {Mark[]} marks */
  setMoments(moments, marks) {
    const shown = this.index === null ? null : (this.moments[this.index]?.step ?? null);
    this.moments = moments;
    this.marks = marks;
    if (shown !== null) this.index = nearestIndex(moments, shown);
    this.#layOut();
  }

  /**
   * Say how far the run is.
   *
   * @param {number} now  step
   * @param {number} end  step at the right end
   */
  setReach(now, end) {
    const grows = end !== this.end;
    this.now = now;
    this.end = Math.max(1, end);
    if (grows) this.#layOut();
    else this.#place();
  }

  /** Put the thumb at a moment. @param {number | null} index  null: now */
  setIndex(index) {
    this.index = index;
    this.#place();
  }

  /** @param {number} step @returns {number} where it is, 0..1 */
  share(step) {
    return Math.sqrt(Math.min(1, Math.max(0, step / this.end)));
  }

  #layOut() {
    /** @template {HTMLElement} Node @param {Node} node @param {number} step */
    const at = (node, step) => {
      node.style.left = `${100 * this.share(step)}%`;
      return node;
    };
    this.ticks.replaceChildren(...this.moments.map(({ step }) => at(element("i", {}), step)));
    this.diamonds.replaceChildren(
      ...this.marks.map(({ step, text }) =>
        at(element("b", { title: `Step ${grouped(step)}: ${text}` }), step)
      ),
    );
    const room = Math.max(LABEL_ROOM, LABEL_WIDTH / (this.element.clientWidth || Infinity));
    let last = -1;
    const labels = [];
    for (const step of [...ROUND].reverse()) {
      const share = this.share(step);
      const hasRoom = share > room && share < 0.97 && (last < 0 || last - share >= room);
      if (step > this.end || !hasRoom) continue;
      last = share;
      labels.unshift(at(element("span", { class: "le-fine le-numbers" }, grouped(step)), step));
    }
    this.labels.replaceChildren(
      at(element("span", { class: "le-fine le-numbers le-tick-first" }, "step 0"), 0),
      ...labels,
    );
    this.#place();
  }

  #place() {
    const { moments, index, now } = this;
    const at = index ?? moments.length;
    const moment = index === null ? null : moments[index];
    this.thumb.style.left = `${100 * this.share(moment ? moment.step : now)}%`;
    this.done.style.transform = `scaleX(${this.share(now)})`;
    this.element.classList.toggle("le-scrubber-back", moment !== null);
    const values = {
      "aria-valuemax": moments.length,
      "aria-valuenow": at,
      "aria-valuetext": moment
        ? `step ${grouped(moment.step)}, moment ${at + 1} of ${moments.length}`
        : "now",
    };
    for (const [name, value] of Object.entries(values)) {
      if (this.element.getAttribute(name) !== String(value)) this.element.setAttribute(name, String(value));
    }
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    if (event.button !== 0) return;
    this.isHeld = true;
    this.element.setPointerCapture(event.pointerId);
    this.#drag(event);
  }

  #release() {
    this.isHeld = false;
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    const { left, width } = this.track.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
    this.#go(this.#nearest(share), event.timeStamp);
  }

  /** @param {number} share @returns {number | null} the moment there, or now */
  #nearest(share) {
    let [best, least] = [/** @type {number | null} */ (null), Math.abs(this.share(this.now) - share)];
    this.moments.forEach(({ step }, n) => {
      const far = Math.abs(this.share(step) - share);
      if (far < least) [best, least] = [n, far];
    });
    return best;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const count = this.moments.length;
    const at = this.index ?? count;
    /** @type {Map<string, number>} */
    const targets = new Map([
      ["ArrowLeft", at - 1],
      ["ArrowDown", at - 1],
      ["ArrowRight", at + 1],
      ["ArrowUp", at + 1],
      ["PageDown", at - PAGE],
      ["PageUp", at + PAGE],
      ["Home", 0],
      ["End", count],
    ]);
    const target = targets.get(event.key);
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const index = Math.min(count, Math.max(0, target));
    this.#go(index === count ? null : index, event.timeStamp);
  }

  /** @param {number | null} index @param {number} stamp */
  #go(index, stamp) {
    if (index === this.index) return;
    this.setIndex(index);
    this.onMove(index, stamp);
  }
}

/** @param {Moment[]} moments @param {number} step @returns {number | null} the moment nearest to a step */
function nearestIndex(moments, step) {
  if (!moments.length) return null;
  return moments.reduce(
    (best, moment, n) => (Math.abs(moment.step - step) < Math.abs(moments[best].step - step) ? n : best),
    0,
  );
}

/**
 * Rewind: the scrubber below the stage, the film, and the way back to now.
 *
 * The hand chooses a moment; it is shown as soon as it is here, and the latest choice wins. What the run does
 * meanwhile goes on unseen.
 */

import { byNearness, KeyframeError, Keyframes } from "../data/keyframes.js";
import { element, setText } from "../dom/dom.js";
import { grouped, short } from "../dom/format.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("../data/keyframes.js").Keyframe} Keyframe */
/** @typedef {import("../data/run.js").Run} Run */

/** A film lasts about so long; a moment of it at least and at most so long, in ms. */
const FILM = 12000;
const [SHORTEST, LONGEST] = [180, 600];

export class Rewind {
  /**
   * @param {object} tell
   * @param {(keyframe: Keyframe, isFilm: boolean) => void} tell.onShow
   * @param {() => void} tell.onNow                         back to the newest state
   * @param {(step: number | null) => void} tell.onChoose   what is shown has been chosen: a step, or null for now
   */
  constructor({ onShow, onNow, onChoose }) {
    Object.assign(this, { onShow, onNow, onChoose });
    this.timeline = new Timeline({
      onMove: (index, stamp) => {
        this.#stopFilm();
        this.#go(index, stamp);
        this.#choose();
      },
      onNear: () => this.#prefetch(),
    });
    const togglePlay = () => this.#togglePlay();
    this.playButton = element("button", { type: "button", class: "le-film", click: togglePlay });
    this.nowButton = element(
      "button",
      { type: "button", class: "le-now", click: (event) => this.toNow(event.timeStamp) },
      "Live",
    );
    this.words = element("p", { class: "le-timeline-words le-one-line le-numbers" });
    this.element = element(
      "section",
      { class: "le-timeline", "aria-label": "Rewind" },
      this.playButton,
      this.timeline.element,
      this.nowButton,
      this.words,
    );
    this.element.hidden = true;
    /** @type {Run | null} */
    this.run = null;
    /** @type {Keyframes | null} */
    this.keyframes = null;
    /** The moment that is shown; null: now. @type {Keyframe | null} */
    this.shown = null;
    /** The step that is wanted; null: now. @type {number | null} */
    this.wanted = null;
    this.trouble = "";
    this.filmTimer = 0;
    this.isPlaying = false;
    /** From the hand's event to the first frame after a moment was drawn, in ms. */
    this.lastLatency = NaN;
    this.#showPlaying();
  }

  /**
   * Take another run, or the same one after a new connection.
   *
   * @param {Run} run
   * @param {string | null} folder  URL of its keyframes; null: they are not for this browser
   */
  take(run, folder) {
    if (this.run?.id !== run.id || this.keyframes?.folder !== folder) {
      this.#stopFilm();
      this.keyframes?.close();
      this.keyframes = folder === null ? null : new Keyframes(folder);
      this.shown = this.wanted = null;
      this.timeline.show(null);
    }
    this.run = run;
    this.update();
  }

  /** The run keeps other moments now. */
  update() {
    const { run } = this;
    this.element.hidden = !this.keyframes || !run.moments.length;
    this.timeline.take(run.moments, run.marks);
    this.keyframes?.keepOnly(run.moments.map(({ step }) => step));
    if (!run.isLive) this.#prefetch();
  }

  /** The run is further now. @param {number} lastEpoch  where the curves' right end is */
  reach(lastEpoch) {
    const { run } = this;
    if (!run) return;
    this.timeline.reach(run.now.step, lastEpoch * run.stepsPerEpoch);
    this.#say();
  }

  /** Go back to the newest state. @param {number} [stamp] */
  toNow(stamp = performance.now()) {
    const wasBack = this.wanted !== null;
    this.#stopFilm();
    if (!wasBack) return;
    this.#go(null, stamp);
    this.#choose();
  }

  close() {
    this.forget();
    this.timeline.close();
  }

  /** Another run comes, or none. */
  forget() {
    this.#stopFilm();
    this.keyframes?.close();
    this.keyframes = this.shown = this.wanted = null;
    this.timeline.show(null);
  }

  /** @param {number | null} index @param {number} stamp @returns {Promise<void>} when it is shown, or not wanted any more */
  async #go(index, stamp) {
    const { run, keyframes } = this;
    const step = index === null ? null : run.moments[index].step;
    this.wanted = step;
    this.trouble = "";
    this.timeline.show(index);
    if (step === null) {
      this.shown = null;
      this.onNow();
      this.#say();
      this.#clock(stamp);
      return;
    }
    try {
      const keyframe = keyframes.has(step) ? keyframes.read(step) : await keyframes.get(step);
      if (this.wanted !== step || this.keyframes !== keyframes) return;
      this.shown = keyframe;
      this.onShow(keyframe, this.isPlaying);
      this.#clock(stamp);
    } catch (error) {
      if (!(error instanceof KeyframeError)) throw error;
      if (this.wanted !== step || this.keyframes !== keyframes) return;
      this.trouble = error.message;
    }
    this.#say();
    this.#prefetch();
  }

  #clock(stamp) {
    requestAnimationFrame(() => {
      this.lastLatency = performance.now() - stamp;
    });
  }

  #choose() {
    this.onChoose(this.wanted);
  }

  /** Have the others here before they are wanted. */
  #prefetch() {
    if (!this.keyframes) return;
    const steps = this.run.moments.map(({ step }) => step);
    this.keyframes.prefetch(byNearness(steps, this.timeline.index ?? steps.length));
  }

  // The film

  #togglePlay() {
    if (this.isPlaying) {
      this.#stopFilm();
      this.#choose();
      return;
    }
    const { moments } = this.run;
    const start = this.timeline.index;
    this.isPlaying = true;
    this.#showPlaying();
    this.#play(start === null || start === moments.length - 1 ? 0 : start);
  }

  /** @param {number} index */
  async #play(index) {
    const begun = performance.now();
    await this.#go(index, begun);
    if (!this.isPlaying) return;
    const { moments } = this.run;
    const pace = Math.min(LONGEST, Math.max(SHORTEST, FILM / moments.length));
    const wait = Math.max(0, pace - (performance.now() - begun));
    this.filmTimer = setTimeout(() => {
      const next = (this.timeline.index ?? this.run.moments.length) + 1;
      if (next < this.run.moments.length) this.#play(next);
      else this.toNow();
    }, wait);
  }

  #stopFilm() {
    clearTimeout(this.filmTimer);
    this.isPlaying = false;
    this.#showPlaying();
  }

  #showPlaying() {
    setText(this.playButton, this.isPlaying ? "Pause film" : "Play film");
    this.playButton.setAttribute("aria-pressed", String(this.isPlaying));
  }

  #say() {
    const { run, shown } = this;
    if (!run) return;
    const isBack = this.wanted !== null;
    this.element.classList.toggle("le-is-back", isBack);
    this.nowButton.setAttribute("aria-pressed", String(!isBack));
    setText(this.words, this.trouble || (shown ? this.#whereBack(shown) : ""));
  }

  /** @param {Keyframe} shown @returns {string} */
  #whereBack({ step, epoch }) {
    const at = `Shown: step ${grouped(step)}, epoch ${short(epoch)}.`;
    const state = this.run.isLive ? "Training goes on" : "The run is";
    return `${at} ${state} at step ${grouped(this.run.now.step)}.`;
  }
}

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
   * @param {(keyframe: Keyframe, isFilm: boolean) => void} tell.onShow  draw it
   * @param {() => void} tell.onNow                         draw the newest state
   * @param {(step: number | null) => void} tell.onShown    what is drawn now and stays: a step, or null for now; while
   *     a film plays, only when asked
   */
  constructor({ onShow, onNow, onShown }) {
    this.onShow = onShow;
    this.onNow = onNow;
    this.onShown = onShown;
    this.timeline = new Timeline({
      onMove: (index, stamp) => {
        this.#stopFilm();
        this.#go(index, stamp);
      },
      onNear: () => this.#prefetch(),
    });
    const togglePlay = () => this.#togglePlay();
    this.playButton = element("button", { type: "button", class: "le-film", click: togglePlay });
    this.nowButton = element(
      "button",
      { type: "button", class: "le-now", click: (event) => this.goToNow(event.timeStamp) },
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
  setRun(run, folder) {
    if (this.run?.id !== run.id || this.keyframes?.folder !== folder) {
      this.forget();
      this.keyframes = folder === null ? null : new Keyframes(folder);
    }
    this.run = run;
    this.update();
  }

  /** The run keeps other moments now. */
  update() {
    const { run, keyframes, timeline } = this;
    if (!run) return;
    this.element.hidden = !keyframes || !run.moments.length;
    timeline.setMoments(run.moments, run.marks);
    keyframes?.keepOnly(run.moments.map(({ step }) => step));
    if (!run.isLive) this.#prefetch();
  }

  /** The run is further now. @param {number} lastEpoch  where the curves' right end is */
  setReach(lastEpoch) {
    const { run } = this;
    if (!run) return;
    this.timeline.setReach(run.now.step, lastEpoch * run.stepsPerEpoch);
    this.#say(run);
  }

  /** Go back to the newest state. @param {number} [stamp] */
  goToNow(stamp = performance.now()) {
    const wasBack = this.wanted !== null;
    this.#stopFilm();
    if (wasBack) this.#go(null, stamp);
  }

  /** Show the moment of a step, as another does. @param {number | null} step  null: now */
  goToStep(step) {
    if (step === this.wanted) return;
    const index = this.run?.moments.findIndex((moment) => moment.step === step) ?? -1;
    this.#stopFilm();
    if (step === null || index >= 0) this.#go(step === null ? null : index, performance.now());
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
    this.timeline.setIndex(null);
  }

  /**
   * @param {number | null} index  of a moment; null: now
   * @param {number} stamp
   * @returns {Promise<void>} when it is shown, or not wanted any more
   */
  async #go(index, stamp) {
    const { run, keyframes } = this;
    if (!run || !keyframes) return;
    this.trouble = "";
    this.timeline.setIndex(index);
    if (index === null) {
      this.wanted = this.shown = null;
      this.onNow();
      this.#drawn(run, stamp);
      return;
    }
    const { step } = run.moments[index];
    this.wanted = step;
    try {
      const keyframe = keyframes.read(step) ?? (await keyframes.get(step));
      if (this.wanted !== step || this.keyframes !== keyframes) return;
      this.shown = keyframe;
      this.onShow(keyframe, this.isPlaying);
      this.#drawn(run, stamp);
    } catch (error) {
      if (!(error instanceof KeyframeError)) throw error;
      if (this.wanted !== step || this.keyframes !== keyframes) return;
      this.trouble = error.message;
      this.#say(run);
    }
    this.#prefetch();
  }

  /** A moment, or now, has been drawn. @param {Run} run @param {number} stamp */
  #drawn(run, stamp) {
    this.#say(run);
    if (!this.isPlaying) this.tellShown();
    requestAnimationFrame(() => {
      this.lastLatency = performance.now() - stamp;
    });
  }

  /** Tell which moment is drawn, for it is that which is saved or branched from; not one that has yet to come. */
  tellShown() {
    this.onShown(this.shown?.step ?? null);
  }

  /** Have the others here before they are wanted. */
  #prefetch() {
    const { run, keyframes } = this;
    if (!run || !keyframes) return;
    const steps = run.moments.map(({ step }) => step);
    keyframes.prefetch(byNearness(steps, this.timeline.index ?? steps.length));
  }

  // The film

  #togglePlay() {
    if (this.isPlaying) {
      this.#stopFilm();
      this.tellShown();
      return;
    }
    const last = (this.run?.moments.length ?? 0) - 1;
    const start = this.timeline.index;
    this.isPlaying = true;
    this.#showPlaying();
    this.#play(start === null || start === last ? 0 : start);
  }

  /** @param {number} index */
  async #play(index) {
    const begun = performance.now();
    await this.#go(index, begun);
    if (!this.isPlaying) return;
    const count = this.run?.moments.length ?? 0;
    const pace = Math.min(LONGEST, Math.max(SHORTEST, FILM / count));
    const wait = Math.max(0, pace - (performance.now() - begun));
    this.filmTimer = setTimeout(() => {
      const now = this.run?.moments.length ?? 0;
      const next = (this.timeline.index ?? now) + 1;
      if (next < now) this.#play(next);
      else this.goToNow();
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

  /** @param {Run} run */
  #say(run) {
    const isBack = this.wanted !== null;
    this.element.classList.toggle("le-is-back", isBack);
    this.nowButton.setAttribute("aria-pressed", String(!isBack));
    setText(this.words, this.trouble || (this.shown ? whereBack(this.shown, run) : ""));
  }
}

/** @param {Keyframe} shown @param {Run} run @returns {string} */
function whereBack({ step, epoch }, run) {
  const at = `Shown: step ${grouped(step)}, epoch ${short(epoch)}.`;
  const state = run.isLive ? "Training goes on" : "The run is";
  return `${at} ${state} at step ${grouped(run.now.step)}.`;
}

/** How far a run is, in words; what is wrong with the connection to it; and, where it failed, why. */

import { element, setText } from "../dom/dom.js";
import { duration, grouped, short } from "../dom/format.js";

/** @typedef {import("../data/run.js").Run} Run */
/** @typedef {import("../data/run.js").Standing} Standing */

/** What a run does, in words. @type {Record<Standing["state"], string>} */
const STATES = {
  queued: "Waiting for its turn",
  running: "Training",
  paused: "Paused",
  done: "Done",
  stopping: "Stopping",
  stopped: "Stopped",
  failed: "Stopped by itself",
  parked: "Put aside",
};

/**
 * What a run does, and how long that may take if it waits.
 *
 * @param {Pick<Standing, "state" | "place" | "wait">} now
 * @returns {string}
 */
export function stateWords({ state, place, wait }) {
  if (state !== "queued" || !place) return STATES[state] ?? state;
  return `Waiting in line, place ${place}${wait ? ` · about ${duration(wait)} to wait` : ""}`;
}

export class RunStatus {
  constructor() {
    this.words = element("p", { class: "le-status le-numbers", role: "status" });
    this.mishap = element("p", { class: "le-mishap", role: "alert", hidden: true });
    this.element = element("div", { class: "le-run-status" }, this.words, this.mishap);
    this.trouble = "";
    /** @type {Run | null} */
    this.run = null;
  }

  /** @param {string} sentence */
  say(sentence) {
    setText(this.words, sentence);
  }

  /** Say how a run stands that has no map yet. @param {Standing} now */
  standBy(now) {
    this.run = null;
    this.#sayMishap(now.error);
    this.say(stateWords(now));
  }

  /** Say how far a run is. @param {Run | null} run  null: there is none */
  describe(run) {
    this.run = run;
    this.#sayMishap(run?.now.error ?? "");
    if (this.trouble || !run) {
      if (this.trouble) this.say(this.trouble);
      return;
    }
    const { state, step, total, epoch, eta, rate } = run.now;
    const parts = [stateWords(run.now)];
    if (step) {
      parts.push(`epoch ${short(epoch)} of ${run.facts.train?.epochs}`);
      parts.push(`step ${grouped(step)} of ${grouped(total)}`);
    }
    if (state === "running" && rate) parts.push(`${grouped(Math.round(rate))} images a second`);
    if (state === "running" && eta !== null) parts.push(`${duration(eta)} left`);
    this.say(parts.join(" · "));
  }

  /** The connection is lost, or (an empty text) well again. @param {string} sentence */
  setTrouble(sentence) {
    this.trouble = sentence;
    this.describe(this.run);
  }

  /** @param {string} error  why it failed; empty: it did not */
  #sayMishap(error) {
    setText(this.mishap, error);
    this.mishap.hidden = !error;
  }
}

/** How far a run is, in a bar and in words, or what is wrong with the connection to it. */

import { element, setText } from "./dom.js";
import { duration, grouped, short } from "./numbers.js";

const STATES = {
  queued: "Waiting for its turn",
  running: "Training",
  paused: "Paused",
  done: "Done",
  stopped: "Stopped",
  failed: "Failed",
  parked: "Put aside",
};

export class RunStatus {
  constructor() {
    this.words = element("p", { class: "le-status", role: "status" });
    this.done = element("span", { class: "le-progress-done" });
    const bar = element("div", { class: "le-progress", "aria-hidden": "true" }, this.done);
    this.element = element("div", { class: "le-run-status" }, bar, this.words);
    this.trouble = "";
    /** @type {import("./run.js").Run | null} */
    this.run = null;
  }

  /** @param {string} sentence */
  say(sentence) {
    setText(this.words, sentence);
  }

  /** @param {import("./run.js").Run | null} run */
  show(run) {
    this.run = run;
    if (this.trouble || !run) {
      if (this.trouble) this.say(this.trouble);
      return;
    }
    const { state, step, total, epoch, eta, rate, error, place } = run.now;
    const parts = [
      state === "queued" && place ? `Waiting in line, place ${place}` : (STATES[state] ?? state),
    ];
    if (step) {
      parts.push(`epoch ${short(epoch)} of ${run.facts.train?.epochs}`);
      parts.push(`step ${grouped(step)} of ${grouped(total)}`);
    }
    if (state === "running" && rate) parts.push(`${grouped(Math.round(rate))} images a second`);
    if (state === "running" && eta !== null) parts.push(`${duration(eta)} left`);
    this.say(parts.join(" · ") + (error ? `. ${error}` : ""));
    this.done.style.transform = `scaleX(${total ? Math.min(1, step / total) : 0})`;
  }

  /** The connection is lost, or (an empty text) well again. @param {string} sentence */
  setTrouble(sentence) {
    this.trouble = sentence;
    this.show(this.run);
  }
}

/** A learner's run as it comes in: what it is, where it stands, its newest weights; and its end, told once. */

import { Run, standing } from "../../data/run.js";
import { RunStream } from "../../data/stream.js";
import { WeightsRequest } from "../../train/weights-request.js";

/** @typedef {import("../../data/safetensors.js").Safetensors} Safetensors */

/**
 * @typedef {object} RunListener
 * @property {(run: Run) => void} onBegin             another run, or the same after a new connection
 * @property {(run: Run, index: Int32Array | null) => void} onCodes  of all images, or of some
 * @property {(run: Run, pictures: Safetensors | null) => void} onFacts  measurements; with a snapshot its pictures
 * @property {(run: Run) => void} onWeights           of the decoder
 * @property {(run: Run) => void} onEnd               it is at its end, with its weights; told once a run
 * @property {(sentence: string) => void} onTrouble
 */

export class RunFeed {
  /** @param {RunListener} listener */
  constructor(listener) {
    this.listener = listener;
    /** @type {Run | null} */
    this.run = null;
    /** @type {RunStream | null} */
    this.stream = null;
    /** @type {WeightsRequest | null} */
    this.request = null;
    /** Settings of its training as they are now. @type {import("../../data/messages.js").TrainConfig | null} */
    this.train = null;
    this.watched = "";
    /** The run whose end has been told. */
    this.ended = "";
  }

  /** @param {import("../../view.js").RunSource | null} source */
  watch(source) {
    const watched = source?.run ?? "";
    if (watched === this.watched) return;
    this.close();
    this.watched = watched;
    if (!source) return;
    this.stream = new RunStream(source.url, (message) => this.#receive(message), this.listener.onTrouble);
    this.request = new WeightsRequest(this.stream, () => false); // a hand that rests reads what is there
  }

  /** A hand is on the map or a slider: it gets weights as they come. */
  touch() {
    this.request?.goOn();
  }

  close() {
    this.request?.close();
    this.stream?.close();
    this.request = this.stream = this.run = null;
    this.watched = "";
  }

  /** @param {import("../../data/messages.js").Message} message */
  #receive(message) {
    const { listener } = this;
    if (message.kind === "hello" || message.kind === "state") this.train = message.facts.train ?? this.train;
    if (message.kind === "hello") {
      const run = new Run(message);
      if (this.run?.id === run.id) run.goOnFrom(this.run);
      this.run = run;
      listener.onBegin(run);
      return;
    }
    const { run } = this;
    if (!run) {
      if (message.kind === "state") this.#sayState(standing(message.facts));
      return;
    }
    if (message.kind === "frame") {
      listener.onCodes(run, run.applyFrame(message));
      listener.onFacts(run, null);
    } else if (message.kind === "snapshot") {
      run.applySnapshot(message);
      listener.onCodes(run, null);
      listener.onFacts(run, message.file);
    } else if (message.kind === "weights") {
      run.applyWeights(message);
      this.request?.arrived();
      listener.onWeights(run);
    } else if (message.kind === "state") {
      run.applyState(message);
      this.#sayState(run.now);
      listener.onFacts(run, null);
    }
    this.#tellEnd(run);
  }

  /** @param {import("../../data/run.js").Standing} now */
  #sayState({ state, error, place, wait }) {
    if (state === "failed") this.listener.onTrouble(error || "The run failed. Train another one.");
    else if (state === "queued") {
      const about = wait === null ? "" : `, about ${Math.ceil(wait)} s`;
      this.listener.onTrouble(`Others train too: place ${place} in the line${about}.`);
    } else this.listener.onTrouble("");
  }

  /** Tell that a run is done, once its codes and its weights are those of its last step. @param {Run} run */
  #tellEnd(run) {
    const { state, step, total } = run.now;
    if (state !== "done" || this.ended === run.id || !run.hasCodes) return;
    if (run.weightsStep < (total || step)) {
      this.request?.once(false); // those on their way may be of an earlier step
      return;
    }
    this.ended = run.id;
    this.listener.onEnd(run);
  }
}

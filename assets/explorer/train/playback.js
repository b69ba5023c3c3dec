/**
 * What of a run is on the stage: the newest state, as messages come, or a moment that the hand went back to, while the
 * run goes on unseen; or one update in slow motion.
 */

import { Rewind } from "./rewind.js";
import { Detail } from "./slow-motion/detail.js";
import { drawDetail } from "./slow-motion/map.js";
import { SlowMotion } from "./slow-motion/slow-motion.js";
import { Stage } from "./stage.js";
import { WeightsRequest } from "./weights-request.js";

/** @typedef {import("../data/keyframes.js").Keyframe} Keyframe */
/** @typedef {import("../data/run.js").Run} Run */
/** @typedef {import("../data/messages.js").Message} Message */

/** Without a hand the pinned picture follows when the run is so many times as far. */
const FOLLOWS = 1.25;

/** Where the curves' right end may be, in epochs. */
const ENDS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];

export class Playback {
  /**
   * @param {Omit<ConstructorParameters<typeof Stage>[0], "onHand" | "beside">} options  of the stage
   * @param {(step: number | null) => void} onMoment  someone chose a moment of the past, or now (null)
   */
  constructor(options, onMoment) {
    /** @type {Run | null} */
    this.run = null;
    /** What the newest snapshot pictured. @type {import("../data/safetensors.js").Safetensors | null} */
    this.newest = null;
    /** @type {WeightsRequest | null} */
    this.weightsRequest = null;
    this.isReady = false;
    this.slow = new SlowMotion({ onDraw: () => this.#drawSlow(), onClose: () => this.#closeSlow() });
    this.stage = new Stage({ ...options, onHand: () => this.#handMoved(), beside: this.slow.element });
    this.rewind = new Rewind({
      onShow: (keyframe, isFilm) => this.#showMoment(keyframe, isFilm),
      onNow: () => this.#showNow(),
      onChoose: onMoment,
    });
  }

  /** Forget the run, if there is one, and get ready for another. @param {import("../data/stream.js").RunStream | null} stream */
  take(stream) {
    this.run = this.newest = null;
    this.isReady = false;
    this.rewind.forget();
    this.rewind.element.hidden = true;
    this.slow.hide();
    this.weightsRequest?.close();
    this.weightsRequest = stream && new WeightsRequest(stream);
  }

  /**
   * Show a run: another one, or the same one after a new connection.
   *
   * @param {Run} run
   * @param {string | null} keyframes  URL of the folder of its past
   */
  begin(run, keyframes) {
    if (this.run?.id === run.id && this.run.space.dims === run.space.dims) run.goOnFrom(this.run);
    this.run = run;
    this.stage.element.hidden = false;
    this.stage.begin(run);
    this.rewind.take(run, keyframes);
    if (this.rewind.shown) this.#showMoment(this.rewind.shown);
    else this.#setPace("live");
    this.#showReadings();
    this.#stream();
  }

  /** Do what a message of the run says. @param {Message} message */
  hear(message) {
    if (message.kind === "frame") this.#frame(message);
    else if (message.kind === "snapshot") this.#snapshot(message);
    else if (message.kind === "weights") this.#weights(message);
    else if (message.kind === "state") this.#state(message);
    else if (message.kind === "timeline") this.#timeline(message);
    else if (message.kind === "detail") this.slow.show(new Detail(message), this.run);
  }

  close() {
    this.weightsRequest?.close();
    for (const part of [this.stage, this.rewind, this.slow]) part.close();
  }

  // What comes in

  /** @param {Message} message */
  #frame(message) {
    const { run, rewind, slow, stage } = this;
    const index = run.applyFrame(message);
    if (slow.isOpen && run.now.step > slow.detail.step) slow.hide();
    if (index && !rewind.shown) stage.moveCodes(index);
    this.#showReadings();
  }

  /** @param {Message} message */
  #snapshot(message) {
    const { run, stage } = this;
    run.applySnapshot(message);
    this.newest = message.file;
    if (!this.rewind.shown) this.#showNewest();
    this.#showReadings();
    stage.decoded.firstPicture.then(() => {
      this.isReady ||= this.run === run && stage.run === run;
    });
    // Without a hand on the map the pinned picture still follows.
    if (run.now.step >= FOLLOWS * Math.max(4, run.weightsStep)) this.weightsRequest.once(run.isLive);
  }

  /** @param {Message} message */
  #weights(message) {
    const { run } = this;
    run.applyWeights(message);
    if (!this.rewind.shown) this.stage.decodeBy(run.weights, run.weightsStep, !run.isLive);
    this.weightsRequest.arrived();
  }

  /** @param {Message} message */
  #state(message) {
    const { run } = this;
    const before = run.now.state;
    run.applyState(message);
    this.#stream();
    if (before === run.now.state) return;
    if (!run.isLive) this.weightsRequest.once(false);
    this.rewind.update();
  }

  /** @param {Message} message */
  #timeline(message) {
    this.run.applyTimeline(message);
    this.rewind.update();
    this.stage.charts.mark(this.run.marks);
    this.#showReadings();
  }

  // What is shown

  /** Show a moment of the run's past. @param {Keyframe} keyframe @param {boolean} [isFilm] */
  #showMoment(keyframe, isFilm = false) {
    const { stage } = this;
    this.slow.hide();
    stage.map.stream(true);
    this.#setPace(isFilm ? "film" : "live");
    stage.showCodes(keyframe);
    stage.pictures.show(keyframe.file);
    stage.decodeBy(keyframe.weights, keyframe.step, true);
    stage.showCarried(keyframe.facts.kl_per_dim ?? null, { isWhole: true });
    stage.charts.at(keyframe.epoch);
  }

  /** Show the newest state again. */
  #showNow() {
    const { run, stage } = this;
    this.#setPace("live");
    stage.charts.at(null);
    if (run.hasCodes) this.#showNewest();
    if (run.weights) stage.decodeBy(run.weights, run.weightsStep, true);
    this.weightsRequest.once(run.isLive);
    this.#showReadings();
    this.#stream();
  }

  /** Show what the newest snapshot says. */
  #showNewest() {
    const { run, stage } = this;
    stage.showCodes(run.space);
    stage.showCarried(run.klPerDim ?? null, { isWhole: true });
    if (this.newest) stage.pictures.show(this.newest);
    stage.table.refresh();
  }

  /** Curves, bars and the scrubber, as far as the run is. */
  #showReadings() {
    const { run, stage, rewind } = this;
    const epochs = run.facts.train?.epochs ?? 1;
    const reached = Math.max(run.now.epoch ?? 0, run.readings.lastEpoch);
    const drawn = Math.max(reached, run.parent?.readings.lastEpoch ?? 0);
    // The right end grows in steps, so that the curves fill the chart without sliding at every frame.
    const end = (far) => Math.max(far, Math.min(epochs, ENDS.find((each) => each >= far * 1.05) ?? epochs));
    stage.charts.draw(end(drawn));
    rewind.reach(end(reached));
    if (run.klPerDim && !rewind.shown) stage.showCarried(run.klPerDim);
  }

  /** @param {import("../map/scene/moving-points.js").Pace} pace  at which points go to their places */
  #setPace(pace) {
    this.stage.map.setPace(pace);
  }

  /** Tell the map whether points go on moving. */
  #stream() {
    this.stage.map.stream(this.run.isLive || this.rewind.shown !== null);
  }

  #drawSlow() {
    const { slow, stage, rewind } = this;
    if (!slow.isOpen) return;
    if (rewind.shown) rewind.toNow();
    stage.element.classList.add("le-is-slow");
    const { detail, chosen, reached } = slow;
    stage.map.drawExtra((context, frame, theme) =>
      drawDetail(context, frame, theme, { axes: stage.panel.axes, detail, chosen, reached })
    );
  }

  #closeSlow() {
    this.stage.element.classList.remove("le-is-slow");
    this.stage.map.drawExtra(null);
  }

  #handMoved() {
    if (this.weightsRequest && !this.rewind.shown) this.weightsRequest.goOn();
  }
}

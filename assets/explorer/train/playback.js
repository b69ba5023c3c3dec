/**
 * What of a run is on the stage: the newest state, as messages come, or a moment that the hand went back to, while the
 * run goes on unseen; or one update in slow motion.
 */

import { RunCharts } from "./charts/run-charts.js";
import { Rewind } from "./rewind.js";
import { RunPictures } from "./run-pictures.js";
import { Detail } from "./slow-motion/detail.js";
import { drawDetail, posteriorPlaces } from "./slow-motion/map.js";
import { SlowMotion } from "./slow-motion/slow-motion.js";
import { Stage } from "./stage.js";
import { WeightsRequest } from "./weights-request.js";

/** @typedef {import("../data/keyframes.js").Keyframe} Keyframe */
/** @typedef {import("../data/messages.js").Message} Message */
/** @typedef {import("../data/run.js").Run} Run */

/** Without a hand the pinned picture follows when the run is so many times as far. */
const FOLLOWS = 1.25;

/** So often at most it is said what is pinned, in ms: a slider moves in every frame. */
const PIN_EVERY = 100;

/** Where the curves' right end may be, in epochs. */
const ENDS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];

export class Playback {
  /**
   * @param {Omit<ConstructorParameters<typeof Stage>[0], "onTouch" | "charts" | "pictures" | "beside">} options  of the stage
   * @param {(step: number | null) => void} onMoment  which moment of the past is drawn, or now (null)
   */
  constructor(options, onMoment) {
    /** @type {Run | null} */
    this.run = null;
    /** What the newest snapshot pictured. @type {import("../data/safetensors.js").Safetensors | null} */
    this.newest = null;
    /** @type {WeightsRequest | null} */
    this.weightsRequest = null;
    this.isReady = false;
    /** @type {import("../data/stream.js").RunStream | null} */
    this.stream = null;
    /** Since when the run is further than the model that drew the picture; 0: it is not. As `performance.now`. */
    this.behindSince = 0;
    /** The image of slow motion that the map was brought close to. @type {{detail: Detail, chosen: number} | null} */
    this.lookedAt = null;
    this.slow = new SlowMotion({
      onDraw: () => this.#drawSlow(),
      onClose: () => {
        this.lookedAt = null;
        this.stage.drawAbove(null);
      },
    });
    this.charts = new RunCharts();
    this.pictures = new RunPictures();
    this.stage = new Stage({
      ...options,
      onTouch: () => this.#resumeWeights(),
      charts: this.charts,
      pictures: this.pictures,
      beside: this.slow.element,
    });
    this.pinTimer = 0;
    this.stage.cursor.subscribe(({ isHover }) => {
      if (!isHover) this.pinTimer ||= setTimeout(() => this.#tellPin(), PIN_EVERY);
    });
    this.rewind = new Rewind({
      onShow: (keyframe, isFilm) => this.#showMoment(keyframe, isFilm),
      onNow: () => this.#showNow(),
      onShown: onMoment,
    });
  }

  /** Tell which moment is drawn, whether or not a film plays. */
  tellMoment() {
    this.rewind.tellShown();
  }

  /** The theme changed. */
  recolour() {
    this.charts.recolour();
  }

  /** Forget the run, if there is one, and get ready for another. @param {import("../data/stream.js").RunStream | null} stream */
  prepare(stream) {
    this.run = this.newest = null;
    this.isReady = false;
    this.rewind.forget();
    this.rewind.element.hidden = true;
    this.slow.hide();
    this.weightsRequest?.close();
    this.stream = stream;
    this.weightsRequest = stream && new WeightsRequest(stream, () => this.stage.hasHand);
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
    this.#tellPin();
    this.rewind.setRun(run, keyframes);
    if (this.rewind.shown) this.#showMoment(this.rewind.shown);
    else this.stage.setPace("live");
    this.#showReadings(run);
    this.#setMoving(run);
  }

  /** Do what a message says of the run that is shown. @param {Message} message */
  receive(message) {
    const { run } = this;
    if (!run) return;
    if (message.kind === "frame") this.#applyFrame(run, message);
    else if (message.kind === "snapshot") this.#applySnapshot(run, message);
    else if (message.kind === "weights") this.#applyWeights(run, message);
    else if (message.kind === "state") this.#applyState(run, message);
    else if (message.kind === "timeline") this.#applyTimeline(run, message);
    else if (message.kind === "detail") this.slow.explain(new Detail(message), run.space);
  }

  close() {
    clearTimeout(this.pinTimer);
    this.weightsRequest?.close();
    for (const part of [this.stage, this.charts, this.rewind, this.slow]) part.close();
  }

  // What comes in

  /** @param {Run} run @param {import("../data/messages.js").FrameMessage} message */
  #applyFrame(run, message) {
    const { rewind, slow, stage } = this;
    const index = run.applyFrame(message);
    if (slow.detail && run.now.step > slow.detail.step) slow.hide();
    if (index && !rewind.shown) stage.moveCodes(index);
    this.#showPinned(run, message);
    this.#showReadings(run);
  }

  /** @param {Run} run @param {import("../data/messages.js").SnapshotMessage} message */
  #applySnapshot(run, message) {
    const { stage } = this;
    run.applySnapshot(message);
    this.newest = message.file;
    if (!this.rewind.shown) this.#showNewest(run);
    this.#showPinned(run, message);
    this.#showReadings(run);
    stage.decoded.firstPicture.then(() => {
      this.isReady ||= this.run === run && stage.run === run;
    });
    // Without a hand on the map the pinned picture still follows.
    if (run.now.step >= FOLLOWS * Math.max(4, run.weightsStep)) this.weightsRequest?.once(run.isLive);
  }

  /** @param {Run} run @param {import("../data/messages.js").WeightsMessage} message */
  #applyWeights(run, message) {
    run.applyWeights(message);
    this.behindSince = 0;
    if (!this.rewind.shown) this.#decodeByNewest(run, !run.isLive);
    this.weightsRequest?.arrived();
  }

  /** @param {Run} run @param {import("../data/messages.js").StateMessage} message */
  #applyState(run, message) {
    const before = run.now.state;
    run.applyState(message);
    this.#setMoving(run);
    if (before === run.now.state) return;
    if (!run.isLive) this.weightsRequest?.once(false);
    this.rewind.update();
  }

  /** @param {Run} run @param {import("../data/messages.js").TimelineMessage} message */
  #applyTimeline(run, message) {
    run.applyTimeline(message);
    this.rewind.update();
    this.charts.setMarks(run.marks);
    this.#showReadings(run);
  }

  // What is shown

  /** Show a moment of the run's past. @param {Keyframe} keyframe @param {boolean} [isFilm] */
  #showMoment(keyframe, isFilm = false) {
    const { stage } = this;
    this.slow.hide();
    stage.setMoving(true);
    stage.setPace(isFilm ? "film" : "live");
    stage.drawCodes(keyframe);
    this.pictures.draw(keyframe.file);
    stage.decodeBy(keyframe.weights, keyframe.step, true);
    stage.drawCarried(keyframe.facts.kl_per_dim ?? null, { isWhole: true });
    this.charts.setMoment(keyframe.epoch);
  }

  /** Show the newest state again. */
  #showNow() {
    const { run, stage } = this;
    if (!run) return;
    stage.setPace("live");
    this.charts.setMoment(null);
    if (run.hasCodes || !run.space.count) this.#showNewest(run);
    this.#decodeByNewest(run, true);
    this.weightsRequest?.once(run.isLive);
    this.#showReadings(run);
    this.#setMoving(run);
  }

  /** Show what the newest snapshot says. @param {Run} run */
  #showNewest(run) {
    const { stage } = this;
    stage.drawCodes(run.space);
    stage.drawCarried(run.klPerDim, { isWhole: true });
    if (this.newest) this.pictures.draw(this.newest);
    this.charts.refreshTable();
  }

  /** @param {Run} run @param {import("../data/messages.js").FrameMessage | import("../data/messages.js").SnapshotMessage} message */
  #showPinned(run, { facts, file }) {
    const { stage, rewind } = this;
    if (rewind.shown) return;
    stage.showPinned(file, facts.step);
    const now = performance.now();
    if (!run.isLive || stage.pictureStep >= run.now.step) this.behindSince = 0;
    else this.behindSince ||= now;
    stage.sayAge(this.behindSince && (now - this.behindSince) / 1000);
  }

  /** Say which latent's picture the run's frames are to bring. */
  #tellPin() {
    clearTimeout(this.pinTimer);
    this.pinTimer = 0;
    if (this.run) this.stream?.pin(this.stage.cursor.pinned);
  }

  /** @param {Run} run @param {boolean} isAtOnce  strips too */
  #decodeByNewest(run, isAtOnce) {
    if (run.weights) this.stage.decodeBy(run.weights, run.weightsStep, isAtOnce);
  }

  /** Draw curves, bars and the scrubber, as far as the run is. @param {Run} run */
  #showReadings(run) {
    const { stage, rewind, charts } = this;
    const epochs = run.facts.train.epochs;
    const reached = Math.max(run.now.epoch, run.readings.lastEpoch);
    const drawn = Math.max(reached, run.parent?.readings.lastEpoch ?? 0);
    /**
     * The right end grows in steps, so that the curves fill the chart without sliding at every frame.
     *
     * @param {number} far
     */
    const end = (far) => Math.max(far, Math.min(epochs, ENDS.find((each) => each >= far * 1.05) ?? epochs));
    charts.drawCurves(end(drawn));
    rewind.setReach(end(reached));
    if (run.klPerDim && !rewind.shown) stage.drawCarried(run.klPerDim);
  }

  /** Tell the map whether points go on moving. @param {Run} run */
  #setMoving(run) {
    this.stage.setMoving(run.isLive || this.rewind.shown !== null);
  }

  #drawSlow() {
    const { slow, stage, rewind } = this;
    const { detail, chosen, reached } = slow;
    if (!detail) return;
    if (rewind.shown) rewind.goToNow();
    stage.drawAbove((context, viewport, theme, axes) =>
      drawDetail(context, viewport, theme, { axes, detail, chosen, reached })
    );
    if (this.lookedAt?.detail === detail && this.lookedAt.chosen === chosen) return;
    this.lookedAt = { detail, chosen };
    stage.lookAt((axes) => posteriorPlaces(axes, detail, chosen));
  }

  /** Someone looks at the run as it is now: newer weights are wanted. */
  #resumeWeights() {
    if (!this.rewind.shown) this.weightsRequest?.goOn();
  }
}

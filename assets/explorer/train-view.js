/**
 * Train: a run on the stage, as its messages come, with the scrubber through its past and slow motion.
 *
 * What is shown is the newest state, or a moment that the hand went back to; the run goes on meanwhile, unseen.
 */

import { element } from "./dom.js";
import { Rewind } from "./rewind.js";
import { RunStatus, stateWords } from "./run-status.js";
import { Run, standing } from "./run.js";
import { Detail } from "./slow-motion-detail.js";
import { drawDetail } from "./slow-motion-map.js";
import { SlowMotion } from "./slow-motion.js";
import { Stage } from "./stage.js";
import { RunStream } from "./stream.js";

/** The hand counts as gone when it has not moved for so long, in ms. */
const HAND_RESTS = 2500;

/** Without a hand the pinned picture follows when the run is so many times as far. */
const FOLLOWS = 1.25;

/** Where the curves' right end may be, in epochs. */
const ENDS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];

export class TrainView {
  /** @param {import("./explorer.js").ViewContext} context */
  constructor(context) {
    const { service, data, reporter } = context;
    this.context = context;
    this.isReady = false;
    this.bundle = null;
    /** @type {Run | null} */
    this.run = null;
    this.handTimer = 0;
    this.wantsWeights = true;
    /** What the newest snapshot pictured. @type {import("./safetensors.js").Safetensors | null} */
    this.newest = null;
    this.status = new RunStatus();
    this.slow = new SlowMotion({ onDraw: () => this.#drawSlow(), onClose: () => this.#closeSlow() });
    this.stage = new Stage({
      service,
      plotlyUrl: data.plotly,
      layers: data.layers,
      onAxes: (name) => reporter.report("axes", name),
      onLayers: (names) => reporter.report("layers", names),
      onHand: () => this.#handMoved(),
      beside: this.slow.element,
    });
    this.rewind = new Rewind({
      onShow: (keyframe, isFilm) => this.#showMoment(keyframe, isFilm),
      onNow: () => this.#showNow(),
      onChoose: (step) => reporter.report("keyframe", step),
    });
    this.empty = element(
      "p",
      { class: "le-empty" },
      "No run yet. Choose images and settings, then press Start: dots appear here within a second " +
        "and move as the model learns.",
    );
    this.element = element(
      "div",
      { class: "le-train" },
      this.status.element,
      this.empty,
      this.stage.element,
      this.rewind.element,
    );
    this.stage.element.hidden = true;
  }

  get map() {
    return this.stage.map;
  }

  get painter() {
    return this.stage.painter;
  }

  get walk() {
    return this.stage.walk;
  }

  get panel() {
    return this.stage.panel;
  }

  get frames() {
    return this.map.liveFrames;
  }

  /** The step that is shown of the run's past; null: now. @returns {number | null} */
  get keyframe() {
    return this.rewind.shown?.step ?? null;
  }

  async open() {
    const { data, reporter } = this.context;
    reporter.hear("axes", data.axes ?? null);
    reporter.hear("layers", data.layers ?? null);
    this.panel.setAxes(data.axes ?? null);
    this.#watch(data.stream);
  }

  /** @param {import("./explorer.js").ExplorerData} data */
  update(data) {
    const { reporter } = this.context;
    if (reporter.hear("axes", data.axes ?? null)) this.panel.setAxes(data.axes);
    if (reporter.hear("layers", data.layers ?? null)) this.panel.setLayers(data.layers);
    this.#watch(data.stream);
  }

  close() {
    clearTimeout(this.handTimer);
    this.stream?.close();
    for (const part of [this.stage, this.rewind, this.slow]) part.close();
  }

  /** The theme changed. */
  recolour() {
    this.stage.recolour();
  }

  /** @param {import("./explorer.js").ExplorerData["stream"]} source */
  #watch(source) {
    if ((source?.run ?? null) === (this.source?.run ?? null)) return;
    this.source = source;
    this.stream?.close();
    this.stream = null;
    this.run = null;
    this.newest = null;
    this.isReady = false;
    this.empty.hidden = source !== null;
    this.stage.element.hidden = source === null;
    this.rewind.close();
    this.rewind.element.hidden = true;
    this.slow.hide();
    this.context.reporter.forget("keyframe");
    if (!source) {
      this.status.show(null);
      this.status.say("");
      return;
    }
    const url = new URL(source.url, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.status.setTrouble("");
    this.status.say("Connecting to the run …");
    this.stream = new RunStream(
      url.href,
      (message) => this.#receive(message),
      (sentence) => this.status.setTrouble(sentence),
    );
    this.wantsWeights = true;
    this.stream.hand(true);
  }

  /** @param {import("./stream.js").Message} message */
  #receive(message) {
    if (message.kind === "hello") {
      this.#begin(new Run(message));
      return;
    }
    if (!this.run) {
      if (message.kind === "state") this.#standBy(message);
      return;
    }
    if (message.kind === "frame") this.#frame(message);
    else if (message.kind === "snapshot") this.#snapshot(message);
    else if (message.kind === "weights") this.#weights(message);
    else if (message.kind === "state") this.#state(message);
    else if (message.kind === "timeline") this.#timeline(message);
    else if (message.kind === "detail") this.slow.show(new Detail(message), this.run);
    this.status.show(this.run);
  }

  // What comes in

  /** It waits in the line and has never had a map. @param {import("./stream.js").Message} message */
  #standBy({ facts }) {
    this.stage.element.hidden = facts.state === "queued";
    this.status.say(stateWords(standing(facts)));
  }

  /** @param {Run} run */
  #begin(run) {
    this.run = run;
    this.stage.element.hidden = false;
    this.stage.begin(run);
    this.rewind.take(run, this.source.keyframes ?? null);
    if (this.rewind.shown) this.#showMoment(this.rewind.shown);
    else this.map.setPace("live");
    this.#showReadings();
    this.status.show(run);
    this.map.stream(this.#isMoving());
  }

  /** @param {import("./stream.js").Message} message */
  #frame(message) {
    const { run, rewind, slow, stage } = this;
    const index = run.applyFrame(message);
    if (slow.isOpen && run.now.step > slow.detail.step) slow.hide();
    if (index && !rewind.shown) stage.moveCodes(index);
    this.#showReadings();
  }

  /** @param {import("./stream.js").Message} message */
  #snapshot(message) {
    const { run, stage } = this;
    run.applySnapshot(message);
    this.newest = message.file;
    if (!this.rewind.shown) this.#showNewest();
    this.#showReadings();
    this.painter.firstPicture.then(() => {
      this.isReady ||= this.run === run && stage.run === run;
    });
    // Without a hand on the map the pinned picture still follows.
    if (run.now.step >= FOLLOWS * Math.max(4, run.weightsStep)) this.#askForWeights();
  }

  /** @param {import("./stream.js").Message} message */
  #weights(message) {
    const { run } = this;
    run.applyWeights(message);
    if (!this.rewind.shown) this.stage.decodeBy(run.weights, run.weightsStep, !run.isLive);
    if (this.wantsWeights) {
      this.wantsWeights = false;
      if (!this.handTimer) this.stream.hand(false);
    }
  }

  /** @param {import("./stream.js").Message} message */
  #state(message) {
    const before = this.run.now.state;
    this.run.applyState(message);
    this.map.stream(this.#isMoving());
    if (before === this.run.now.state) return;
    if (!this.run.isLive) this.#askForWeights();
    this.rewind.update();
  }

  /** @param {import("./stream.js").Message} message */
  #timeline(message) {
    this.run.applyTimeline(message);
    this.rewind.update();
    this.stage.charts.mark(this.run.marks);
    this.#showReadings();
  }

  // What is shown

  /** Show a moment of the run's past. @param {import("./keyframes.js").Keyframe} keyframe @param {boolean} [isFilm] */
  #showMoment(keyframe, isFilm = false) {
    const { stage } = this;
    this.slow.hide();
    this.map.stream(true);
    this.map.setPace(isFilm ? "film" : "live");
    stage.showCodes(keyframe);
    stage.pictures.show(keyframe.file);
    stage.decodeBy(keyframe.weights, keyframe.step, true);
    stage.showCarried(keyframe.facts.kl_per_dim ?? null, { isWhole: true });
    stage.charts.at(keyframe.epoch);
  }

  /** Show the newest state again. */
  #showNow() {
    const { run, stage } = this;
    this.map.setPace("live");
    stage.charts.at(null);
    if (run.hasCodes) this.#showNewest();
    if (run.weights) stage.decodeBy(run.weights, run.weightsStep, true);
    this.#askForWeights();
    this.#showReadings();
    this.map.stream(this.#isMoving());
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

  /** Whether points on the map go on moving. */
  #isMoving() {
    return this.run.isLive || this.rewind.shown !== null;
  }

  // Slow motion

  #drawSlow() {
    const { slow, stage, panel } = this;
    if (!slow.isOpen) return;
    if (this.rewind.shown) this.rewind.toNow();
    stage.element.classList.add("le-is-slow");
    const { detail, chosen, reached } = slow;
    this.map.drawOver((context, frame, theme) =>
      drawDetail(context, frame, theme, { axes: panel.axes, detail, chosen, reached }),
    );
  }

  #closeSlow() {
    this.stage.element.classList.remove("le-is-slow");
    this.map.drawOver(null);
  }

  // The hand

  #handMoved() {
    if (!this.stream || this.rewind.shown) return;
    this.stream.hand(true);
    clearTimeout(this.handTimer);
    this.handTimer = setTimeout(() => {
      this.handTimer = 0;
      if (!this.wantsWeights) this.stream?.hand(false);
    }, HAND_RESTS);
  }

  /** Get the weights once, so that the picture is not that of long ago. */
  #askForWeights() {
    if (this.wantsWeights || (this.stream.hasHand && this.run.isLive)) return; // they are on their way
    this.wantsWeights = true;
    this.stream.hand(false);
    this.stream.hand(true);
  }
}

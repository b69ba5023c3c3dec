/**
 * Train, the stage: the map while it forms, the picture under the hand, curves, what each dimension carries, pictures,
 * and the scrubber through the run's past. What is shown is the newest state, or a moment that the hand went back to.
 */

import { aggregatePosterior, deadDimensions } from "./aggregate.js";
import { CARRIES, MANY } from "./explore-view.js";
import { Bars } from "./bars.js";
import { Chart, Charts } from "./curves.js";
import { element, setText } from "./dom.js";
import { MapPanel } from "./map-panel.js";
import { grouped } from "./numbers.js";
import { Painter } from "./painter.js";
import { Readout } from "./readout.js";
import { Rewind } from "./rewind.js";
import { RunPictures } from "./run-pictures.js";
import { RunStatus } from "./run-status.js";
import { Run } from "./run.js";
import { Sliders } from "./sliders.js";
import { Detail } from "./slow-motion-detail.js";
import { drawDetail } from "./slow-motion-map.js";
import { SlowMotion } from "./slow-motion.js";
import { weightPerDim } from "./space.js";
import { RunStream } from "./stream.js";
import { Strips } from "./strips.js";
import { Walk } from "./walk.js";

/** The hand counts as gone when it has not moved for so long, in ms. */
const HAND_RESTS = 2500;
const RANGE = 3.3;

/** Without a hand the pinned picture follows when the run is so many times as far. */
const FOLLOWS = 1.25;

/** Strips are drawn anew at most so often while a run trains, in ms. */
const STRIPS_EVERY = 1500;

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
    /** What is shown, of now or of a moment. @type {import("./space.js").Space | null} */
    this.space = null;
    this.walk = new Walk(new Float32Array(0));
    this.painter = new Painter(service);
    this.walk.subscribe((move) => this.painter.paint(move.z, move.stamp));
    const onHand = () => this.#handMoved();
    this.readout = new Readout(this.walk);
    this.sliders = new Sliders(this.walk, onHand);
    this.panel = new MapPanel({ walk: this.walk, plotlyUrl: data.plotly, service, onHand });
    this.strips = new Strips(this.walk, service);
    this.stripsTimer = 0;
    this.handTimer = 0;
    this.wantsWeights = true;
    this.status = new RunStatus();
    this.weightsNote = element("p", { class: "le-caption le-one-line" });
    this.chartList = [
      new Chart("ELBO", "nats per image, higher is better"),
      new Chart("Reconstruction", "log p(x|z), nats per image, higher is better"),
      new Chart("KL", "nats per image: what the codes carry"),
    ];
    this.charts = new Charts(this.chartList);
    this.bars = new Bars("KL per dimension", "nats per image; hollow: dead");
    this.pictures = new RunPictures();
    this.rewind = new Rewind({
      onShow: (keyframe, isFilm) => this.#showMoment(keyframe, isFilm),
      onNow: () => this.#showNow(),
      onChoose: (step) => reporter.report("keyframe", step),
    });
    this.slow = new SlowMotion({ onDraw: () => this.#drawSlow(), onClose: () => this.#closeSlow() });
    this.stage = element(
      "div",
      { class: "le-train-stage" },
      this.panel.element,
      element(
        "div",
        { class: "le-side" },
        element(
          "figure",
          { class: "le-decoded-figure" },
          this.painter.picture.canvas,
          this.readout.element,
          this.weightsNote,
        ),
        this.sliders.element,
      ),
      element("div", { class: "le-readings" }, this.charts.element, this.bars.element),
      this.slow.element,
      element(
        "div",
        { class: "le-train-pictures" },
        this.pictures.reconstructions,
        this.pictures.samples,
        this.strips.element,
      ),
    );
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
      this.stage,
      this.rewind.element,
    );
    this.stage.hidden = true;
  }

  get map() {
    return this.panel.map;
  }

  get frames() {
    return this.map.liveFrames;
  }

  /** The step that is shown of the run's past; null: now. @returns {number | null} */
  get keyframe() {
    return this.rewind.shown?.step ?? null;
  }

  async open() {
    this.#watch(this.context.data.stream);
  }

  /** @param {import("./explorer.js").ExplorerData} data */
  update(data) {
    this.#watch(data.stream);
  }

  close() {
    clearTimeout(this.handTimer);
    clearTimeout(this.stripsTimer);
    this.stream?.close();
    const { walk, painter, readout, sliders, panel, charts, strips, rewind, slow } = this;
    for (const part of [walk, painter, readout, sliders, panel, charts, strips, rewind, slow]) part.close();
  }

  /** The theme changed. */
  recolour() {
    this.charts.recolour();
  }

  /** @param {import("./explorer.js").ExplorerData["stream"]} source */
  #watch(source) {
    if ((source?.run ?? null) === (this.source?.run ?? null)) return;
    this.source = source;
    this.stream?.close();
    this.stream = null;
    this.run = null;
    this.isReady = false;
    this.empty.hidden = source !== null;
    this.rewind.element.hidden = true;
    this.slow.hide();
    if (!source) {
      this.stage.hidden = true;
      this.status.say("");
      return;
    }
    this.stage.hidden = false;
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
    if (!this.run) return;
    if (message.kind === "frame") this.#frame(message);
    else if (message.kind === "snapshot") this.#snapshot(message);
    else if (message.kind === "weights") this.#weights(message);
    else if (message.kind === "state") this.#state(message);
    else if (message.kind === "timeline") this.#timeline(message);
    else if (message.kind === "detail") this.slow.show(new Detail(message), this.run);
    this.status.show(this.run);
  }

  /** @param {Run} run */
  #begin(run) {
    const { space } = run;
    const isSame = this.run?.id === run.id && this.run.space.dims === space.dims;
    this.run = run;
    this.space = { ...space };
    this.isMapShown = false;
    this.painter.reserve(space.shape);
    this.readout.read(this.space);
    this.pictures.reserve(space.shape, space.isGaussian);
    const inOrder = ({ curves: { elbo, log_likelihood: reconstruction, kl } }) => [elbo, reconstruction, kl];
    this.charts.take(inOrder(run.readings), run.parent && inOrder(run.parent.readings));
    const hasKl = space.isGaussian;
    this.stage.classList.toggle("le-many", space.dims > MANY);
    this.chartList[0].element.hidden = this.chartList[2].element.hidden = !hasKl;
    this.bars.element.hidden = !hasKl;
    if (!isSame) {
      const dims = Array.from({ length: space.dims }, (_, d) => d);
      this.walk.start(new Float32Array(space.dims));
      this.sliders.make(
        dims,
        new Float64Array(space.dims),
        dims.map(() => [-RANGE, RANGE]),
        CARRIES[hasKl ? "gaussian" : "point"],
      );
      this.painter.forget();
      this.bars.forget();
      this.hasStrips = false;
    }
    this.rewind.take(run, this.source.keyframes ?? null);
    this.charts.mark(run.marks);
    if (this.rewind.shown) this.#showMoment(this.rewind.shown);
    this.#showReadings();
    this.status.show(this.run);
    this.map.stream(this.#isMoving());
  }

  // What comes in

  /** @param {import("./stream.js").Message} message */
  #frame(message) {
    const { run } = this;
    const index = run.applyFrame(message);
    if (this.slow.isOpen && run.now.step > this.slow.detail.step) this.slow.hide();
    if (index && !this.rewind.shown) {
      if (this.isMapShown) {
        const { space } = run;
        const codes = new Float32Array(index.length * space.dims);
        index.forEach((n, k) =>
          codes.set(space.mean.subarray(n * space.dims, (n + 1) * space.dims), k * space.dims),
        );
        this.map.move(this.panel.axes.place(codes), index);
      } else if (run.space.dims < 3) {
        this.#showMap();
      }
    }
    this.#showReadings();
  }

  /** @param {import("./stream.js").Message} message */
  #snapshot(message) {
    const { run } = this;
    run.applySnapshot(message);
    if (!this.rewind.shown) {
      this.#followCodes();
      this.pictures.show(message.file);
    }
    this.newestPictures = message.file;
    this.#showReadings();
    this.painter.firstPicture.then(() => {
      this.isReady ||= this.run === run;
    });
    // Without a hand on the map the pinned picture still follows.
    if (run.now.step >= FOLLOWS * Math.max(4, run.weightsStep)) this.#askForWeights();
  }

  /** @param {import("./stream.js").Message} message */
  #weights(message) {
    const { run } = this;
    run.applyWeights(message);
    if (!this.rewind.shown) this.#decodeBy(run.weights, run.weightsStep);
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
    this.charts.mark(this.run.marks);
    this.#showReadings();
  }

  // What is shown

  /** Show a moment of the run's past. @param {import("./keyframes.js").Keyframe} keyframe @param {boolean} [isFilm] */
  #showMoment(keyframe, isFilm = false) {
    const { mean, logvar, pca, weights, facts, file } = keyframe;
    Object.assign(this.space, { mean, logvar, pca: pca ?? this.space.pca });
    this.slow.hide();
    this.map.stream(true);
    this.map.setPace(isFilm ? "film" : "live");
    this.#placeCodes();
    this.pictures.show(file);
    this.#decodeBy(weights, keyframe.step);
    this.#showCarried(facts.kl_per_dim ?? null);
    this.charts.at(keyframe.epoch);
  }

  /** Show the newest state again. */
  #showNow() {
    const { run } = this;
    this.map.setPace("live");
    this.charts.at(null);
    if (run.hasCodes) this.#followCodes();
    if (this.newestPictures) this.pictures.show(this.newestPictures);
    if (run.weights) this.#decodeBy(run.weights, run.weightsStep);
    this.#askForWeights();
    this.#showReadings();
    this.map.stream(this.#isMoving());
  }

  /** The newest codes are those that are shown. */
  #followCodes() {
    const { mean, logvar, pca } = this.run.space;
    Object.assign(this.space, { mean, logvar, pca });
    this.#placeCodes();
    this.#showCarried(this.run.klPerDim);
  }

  #placeCodes() {
    if (!this.isMapShown) {
      this.#showMap();
      return;
    }
    this.map.move(this.panel.axes.points());
    this.panel.reread();
  }

  #showMap() {
    const { panel } = this;
    Object.assign(this.space, this.rewind.shown ? {} : this.run.space);
    const model = this.painter.model || undefined;
    const { title } = this.run.facts;
    panel.show(this.space, panel.axesName || null, { model, name: "run", title, isLive: true });
    this.isMapShown = true;
    this.walk.repeat();
  }

  /** Whether points on the map go on moving. */
  #isMoving() {
    return this.run.isLive || this.rewind.shown !== null;
  }

  /** Decode by these weights from now on. @param {import("./decoder.js").Weights} weights @param {number} step */
  #decodeBy(weights, step) {
    const { config } = this.space;
    const model = `run-${this.run.id}`;
    this.painter.load(model, config, weights);
    this.panel.decodeBy(model);
    this.walk.repeat();
    setText(
      this.weightsNote,
      step > 0
        ? `Decoded by the model as it was at step ${grouped(step)}.`
        : "Decoded by a model that has not learned yet.",
    );
    if (!this.hasStrips) {
      const { dims, isGaussian } = this.space;
      const order = Array.from({ length: dims }, (_, d) => d);
      const what = CARRIES[isGaussian ? "gaussian" : "point"];
      this.strips.make(this.space, model, order, new Float64Array(dims), what, new Set(), this.#stripRange());
      this.hasStrips = true;
      return;
    }
    if (this.rewind.shown) this.strips.setRange(this.#stripRange());
    else {
      this.stripsTimer ||= setTimeout(() => {
        this.stripsTimer = 0;
        this.strips.setRange(this.#stripRange());
      }, STRIPS_EVERY);
    }
  }

  #stripRange() {
    return this.space.isGaussian ? "prior" : "data";
  }

  /** @param {number[] | null} klPerDim */
  #showCarried(klPerDim) {
    const { space } = this;
    const carried = klPerDim ?? weightPerDim(space);
    this.sliders.setWeights(carried);
    if (!space.isGaussian) return;
    this.bars.show(carried);
    const dead = deadDimensions(space, aggregatePosterior(space));
    if (space.mean.every(Number.isFinite)) this.bars.tellActive(Array.from(carried, (_, d) => !dead.has(d)));
  }

  /** Curves, bars and the scrubber, as far as the run is. */
  #showReadings() {
    const { run } = this;
    const epochs = run.facts.train?.epochs ?? 1;
    const reached = Math.max(run.now.epoch ?? 0, run.readings.lastEpoch);
    const drawn = Math.max(reached, run.parent?.readings.lastEpoch ?? 0);
    // The right end grows in steps, so that the curves fill the chart without sliding at every frame.
    const end = (far) => Math.max(far, Math.min(epochs, ENDS.find((each) => each >= far * 1.05) ?? epochs));
    this.charts.draw(end(drawn));
    this.rewind.reach(end(reached));
    if (!run.klPerDim || this.rewind.shown) return;
    this.sliders.setWeights(run.klPerDim);
    this.bars.show(run.klPerDim);
  }

  // Slow motion

  #drawSlow() {
    const { slow } = this;
    if (!slow.isOpen) return;
    if (this.rewind.shown) this.rewind.toNow();
    this.stage.classList.add("le-is-slow");
    this.map.drawOver((context, frame, theme) =>
      drawDetail(context, frame, theme, {
        axes: this.panel.axes,
        detail: slow.detail,
        chosen: slow.chosen,
        reached: slow.reached,
      }),
    );
  }

  #closeSlow() {
    this.stage.classList.remove("le-is-slow");
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

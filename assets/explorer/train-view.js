/** Train: the map while it forms, the picture on the newest weights, curves, what each dimension carries, pictures. */

import { CARRIES, MANY } from "./explore-view.js";
import { Bars } from "./bars.js";
import { Chart, Charts } from "./curves.js";
import { element, setText } from "./dom.js";
import { MapPanel } from "./map-panel.js";
import { grouped } from "./numbers.js";
import { Painter } from "./painter.js";
import { Readout } from "./readout.js";
import { RunPictures } from "./run-pictures.js";
import { RunStatus } from "./run-status.js";
import { Run } from "./run.js";
import { Series } from "./series.js";
import { Sliders } from "./sliders.js";
import { weightPerDim } from "./space.js";
import { RunStream } from "./stream.js";
import { Walk } from "./walk.js";

/** The hand counts as gone when it has not moved for so long, in ms. */
const HAND_RESTS = 2500;
const RANGE = 3.3;

/** Where the curves' right end may be, in epochs. */
const ENDS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];

export class TrainView {
  /** @param {import("./explorer.js").ViewContext} context */
  constructor(context) {
    const { service, data } = context;
    this.context = context;
    this.isReady = false;
    this.bundle = null;
    /** @type {Run | null} */
    this.run = null;
    this.walk = new Walk(new Float32Array(0));
    this.painter = new Painter(service);
    this.walk.subscribe((move) => this.painter.paint(move.z, move.stamp));
    const onHand = () => this.#handMoved();
    this.readout = new Readout(this.walk);
    this.sliders = new Sliders(this.walk, onHand);
    this.panel = new MapPanel({ walk: this.walk, plotlyUrl: data.plotly, service, onHand });
    this.handTimer = 0;
    this.wantsWeights = true;
    this.status = new RunStatus();
    this.weightsNote = element("p", { class: "le-caption" });
    const series = () => new Series();
    this.chartList = [
      new Chart("ELBO", "higher is better; nats per image", series(), series()),
      new Chart("Reconstruction", "log p(x|z), higher is better", series(), series()),
      new Chart("KL", "what the codes carry", series(), series()),
    ];
    this.charts = new Charts(this.chartList);
    this.bars = new Bars("KL per dimension", "nats per image; a bar at zero is a dimension not used");
    this.pictures = new RunPictures();
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
      this.charts.element,
      element(
        "div",
        { class: "le-train-pictures" },
        this.pictures.reconstructions,
        this.pictures.samples,
        this.bars.element,
      ),
    );
    this.empty = element(
      "p",
      { class: "le-empty" },
      "No run yet. Choose images and settings, then press Start: dots appear here within a second " +
        "and move as the model learns.",
    );
    this.element = element("div", { class: "le-train" }, this.status.element, this.empty, this.stage);
    this.stage.hidden = true;
  }

  get map() {
    return this.panel.map;
  }

  get frames() {
    return this.map.liveFrames;
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
    this.stream?.close();
    for (const part of [this.walk, this.painter, this.readout, this.sliders, this.panel, this.charts])
      part.close();
  }

  /** The theme changed. */
  recolour() {
    this.charts.recolour();
  }

  /** @param {{url: string, run: string} | null} source */
  #watch(source) {
    if ((source?.run ?? null) === (this.source?.run ?? null)) return;
    this.source = source;
    this.stream?.close();
    this.stream = null;
    this.run = null;
    this.isReady = false;
    this.empty.hidden = source !== null;
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
    this.status.show(this.run);
  }

  /** @param {Run} run */
  #begin(run) {
    const { space } = run;
    const isSame = this.run?.id === run.id && this.run.space.dims === space.dims;
    this.run = run;
    this.isMapShown = false;
    this.painter.reserve(space.shape);
    this.readout.read(space);
    this.pictures.reserve(space.shape, space.isGaussian);
    const { elbo, log_likelihood: reconstruction, kl } = run.curves;
    [elbo, reconstruction, kl].forEach((curve, n) => Object.assign(this.chartList[n], curve));
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
    }
    this.#showCurves();
    this.status.show(this.run);
    this.map.stream(run.isLive);
  }

  /** @param {import("./stream.js").Message} message */
  #frame(message) {
    const index = this.run.applyFrame(message);
    if (index && this.isMapShown) {
      const { space } = this.run;
      const codes = new Float32Array(index.length * space.dims);
      index.forEach((n, k) =>
        codes.set(space.mean.subarray(n * space.dims, (n + 1) * space.dims), k * space.dims),
      );
      this.map.move(this.panel.axes.place(codes), index);
    } else if (index && this.run.space.dims < 3) {
      this.#showMap();
    }
    this.#showCurves();
  }

  /** @param {import("./stream.js").Message} message */
  #snapshot(message) {
    const { run } = this;
    run.applySnapshot(message);
    if (!this.isMapShown) this.#showMap();
    else {
      this.map.move(this.panel.axes.points());
      this.panel.reread();
    }
    this.pictures.show(message.file);
    if (!run.space.isGaussian) this.sliders.setWeights(weightPerDim(run.space));
    this.#showCurves();
    this.painter.firstPicture.then(() => {
      this.isReady ||= this.run === run;
    });
    // Without a hand on the map the pinned picture still follows, at steps that double.
    if (run.now.step >= 2 * Math.max(4, run.weightsStep)) this.#askForWeights();
  }

  /** @param {import("./stream.js").Message} message */
  #weights(message) {
    const { run } = this;
    run.applyWeights(message);
    this.painter.load(`run-${run.id}`, run.space.config, run.weights);
    this.panel.decodeBy(this.painter.model);
    this.walk.repeat();
    setText(
      this.weightsNote,
      run.weightsStep > 0
        ? `Decoded by the model as it was at step ${grouped(run.weightsStep)}.`
        : "Decoded by a model that has not learned yet.",
    );
    if (this.wantsWeights) {
      this.wantsWeights = false;
      if (!this.handTimer) this.stream.hand(false);
    }
  }

  /** @param {import("./stream.js").Message} message */
  #state(message) {
    const before = this.run.now.state;
    this.run.applyState(message);
    this.map.stream(this.run.isLive);
    if (before !== this.run.now.state && !this.run.isLive) this.#askForWeights();
  }

  #showMap() {
    const { run, panel } = this;
    const { title } = run.facts;
    panel.show(run.space, panel.axesName || null, { model: this.painter.model, title, isLive: true });
    this.isMapShown = true;
    this.walk.repeat();
  }

  #handMoved() {
    if (!this.stream) return;
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

  #showCurves() {
    const { run } = this;
    const epochs = run.facts.train?.epochs ?? 1;
    const reached = Math.max(
      run.now.epoch ?? 0,
      ...run.curves.log_likelihood.train.points.slice(-1).map(([epoch]) => epoch),
    );
    // The right end grows in steps, so that the curves fill the chart without sliding at every frame.
    const end = ENDS.find((candidate) => candidate >= reached * 1.05) ?? epochs;
    this.charts.draw(Math.min(epochs, end));
    if (run.klPerDim) {
      this.sliders.setWeights(run.klPerDim);
      this.bars.show(run.klPerDim);
    }
  }
}

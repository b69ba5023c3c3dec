/** Train: the map while it forms, the picture on the newest weights, curves, what each dimension carries, pictures. */

import { CARRIES, MANY } from "./explore-view.js";
import { Bars } from "./bars.js";
import { Chart, Charts } from "./curves.js";
import { element, setText } from "./dom.js";
import { MapPanel } from "./map-panel.js";
import { duration, grouped, short } from "./numbers.js";
import { Painter } from "./painter.js";
import { Sheet } from "./pixels.js";
import { Readout } from "./readout.js";
import { Run } from "./run.js";
import { Series } from "./series.js";
import { Sliders } from "./sliders.js";
import { RunStream } from "./stream.js";
import { Walk } from "./walk.js";

/** The hand counts as gone when it has not moved for so long, in ms. */
const HAND_RESTS = 2500;
const PICTURE_COLUMNS = 12;
const RANGE = 3.3;

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
    this.panel = new MapPanel({ walk: this.walk, plotlyUrl: data.plotly, onHand });
    this.handTimer = 0;
    this.wantsWeights = true;
    this.status = element("p", { class: "le-status", role: "status" });
    this.progress = element("span", { class: "le-progress-done" });
    this.weightsNote = element("p", { class: "le-caption" });
    const series = () => new Series();
    this.chartList = [
      new Chart("ELBO", "higher is better; nats per image", series(), series()),
      new Chart("Reconstruction", "log p(x|z), higher is better", series(), series()),
      new Chart("KL", "what the codes carry", series(), series()),
    ];
    this.charts = new Charts(this.chartList);
    this.bars = new Bars("KL per dimension", "nats per image; a bar at zero is a dimension not used");
    this.originals = new Sheet([1, 28, 28], PICTURE_COLUMNS, 1, { "aria-label": "Held-out images" });
    this.reconstructions = new Sheet([1, 28, 28], PICTURE_COLUMNS, 1, { "aria-label": "Their reconstructions" });
    this.samples = new Sheet([1, 28, 28], PICTURE_COLUMNS, 2, { "aria-label": "Samples from the prior" });
    this.sampleFigure = pictureFigure("Samples", "decoded from the prior", this.samples.canvas);
    this.stage = element(
      "div",
      { class: "le-train-stage" },
      this.panel.element,
      element(
        "div",
        { class: "le-side" },
        element("figure", { class: "le-decoded-figure" }, this.painter.picture.canvas, this.readout.element, this.weightsNote),
        this.sliders.element,
      ),
      this.charts.element,
      element(
        "div",
        { class: "le-train-pictures" },
        pictureFigure("Held-out images and their reconstructions", "above the image, below what the model makes of it", this.originals.canvas, this.reconstructions.canvas),
        this.sampleFigure,
        this.bars.element,
      ),
    );
    this.empty = element("p", { class: "le-empty" }, "No run yet. Choose images and settings, then press Start: dots appear here within a second and move as the model learns.");
    this.element = element(
      "div", { class: "le-train" },
      element("div", { class: "le-progress", "aria-hidden": "true" }, this.progress), this.status, this.empty, this.stage,
    );
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
    for (const part of [this.walk, this.painter, this.readout, this.sliders, this.panel, this.charts]) part.close();
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
      setText(this.status, "");
      return;
    }
    this.stage.hidden = false;
    const url = new URL(source.url, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    setText(this.status, "Connecting to the run …");
    this.stream = new RunStream(url.href, (message) => this.#receive(message), (text) => this.#trouble(text));
    this.wantsWeights = true;
    this.stream.hand(true);
  }

  /** @param {string} text */
  #trouble(text) {
    this.troubleText = text;
    this.#showStatus();
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
    this.#showStatus();
  }

  /** @param {Run} run */
  #begin(run) {
    const { space } = run;
    const isSame = this.run?.id === run.id && this.run.space.dims === space.dims;
    this.run = run;
    this.isMapShown = false;
    this.painter.reserve(space.shape);
    this.readout.read(space);
    const shapes = space.shape;
    for (const [sheet, rows] of [[this.originals, 1], [this.reconstructions, 1], [this.samples, 2]]) sheet.resize(shapes, PICTURE_COLUMNS, rows);
    const { elbo, log_likelihood: reconstruction, kl } = run.curves;
    [elbo, reconstruction, kl].forEach((curve, n) => Object.assign(this.chartList[n], curve));
    const hasKl = space.isGaussian;
    this.stage.classList.toggle("le-many", space.dims > MANY);
    this.chartList[0].element.hidden = this.chartList[2].element.hidden = !hasKl;
    this.sampleFigure.hidden = this.bars.element.hidden = !hasKl;
    if (!isSame) {
      const dims = Array.from({ length: space.dims }, (_, d) => d);
      this.walk.start(new Float32Array(space.dims));
      this.sliders.make(dims, new Float64Array(space.dims), dims.map(() => [-RANGE, RANGE]), CARRIES[hasKl ? "gaussian" : "point"]);
      this.painter.forget();
    }
    this.#showCurves();
    this.#showStatus();
    this.map.stream(run.isLive);
  }

  /** @param {import("./stream.js").Message} message */
  #frame(message) {
    const index = this.run.applyFrame(message);
    if (index && this.isMapShown) {
      const { space } = this.run;
      const codes = new Float32Array(index.length * space.dims);
      index.forEach((n, k) => codes.set(space.mean.subarray(n * space.dims, (n + 1) * space.dims), k * space.dims));
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
    else this.map.move(this.panel.axes.points());
    this.#showPictures(message.file);
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
    this.walk.repeat();
    setText(this.weightsNote, run.weightsStep > 0 ? `Decoded by the model as it was at step ${grouped(run.weightsStep)}.` : "Decoded by a model that has not learned yet.");
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
    panel.show(run.space, panel.axesName || null);
    this.isMapShown = true;
    this.walk.repeat();
  }

  #handMoved() {
    if (!this.stream) return;
    this.stream.hand(true);
    clearTimeout(this.handTimer);
    this.handTimer = setTimeout(() => {
      this.handTimer = 0;
      this.stream?.hand(false);
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
    const reached = Math.max(run.now.epoch ?? 0, ...run.curves.log_likelihood.train.points.slice(-1).map(([epoch]) => epoch));
    // The right end grows in steps, so that the curves fill the chart without sliding at every frame.
    this.charts.draw(Math.min(epochs, [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200].find((end) => end >= reached * 1.05) ?? epochs));
    if (run.klPerDim) {
      this.sliders.setWeights(run.klPerDim);
      this.bars.show(run.klPerDim);
    }
  }

  /** @param {import("./safetensors.js").Safetensors} file */
  #showPictures(file) {
    for (const [name, sheet] of [["originals", this.originals], ["reconstructions", this.reconstructions], ["samples", this.samples]]) {
      if (!file.has(name)) continue;
      const bytes = file.data(name);
      const [count] = file.shape(name);
      const size = bytes.length / Math.max(1, count);
      for (let n = 0; n < Math.min(count, sheet.columns * sheet.rows); n++) sheet.draw(n, bytes.subarray(n * size, (n + 1) * size), 1);
    }
  }

  #showStatus() {
    if (this.troubleText || !this.run) {
      setText(this.status, this.troubleText ?? "");
      return;
    }
    const { state, step, total, epoch, eta, rate, error, place } = this.run.now;
    const epochs = this.run.facts.train?.epochs;
    const words = {
      queued: place ? `Waiting in line, place ${place}` : "Waiting for its turn",
      running: "Training", paused: "Paused", done: "Done", stopped: "Stopped", failed: "Failed", parked: "Put aside",
    };
    const parts = [words[state] ?? state];
    if (step) parts.push(`epoch ${short(epoch)} of ${epochs}`, `step ${grouped(step)} of ${grouped(total)}`);
    if (state === "running" && rate) parts.push(`${grouped(Math.round(rate))} images a second`);
    if (state === "running" && eta !== null) parts.push(`${duration(eta)} left`);
    setText(this.status, parts.join(" · ") + (error ? `. ${error}` : ""));
    this.progress.style.transform = `scaleX(${total ? Math.min(1, step / total) : 0})`;
  }
}

/** @param {string} title @param {string} caption @param {...HTMLElement} pictures */
function pictureFigure(title, caption, ...pictures) {
  return element(
    "figure", { class: "le-picture-figure" },
    element("figcaption", {}, element("strong", {}, title), " ", element("span", { class: "le-caption" }, caption)),
    ...pictures,
  );
}

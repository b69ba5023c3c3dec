/** Train: the run that there is, as its stream tells of it: its state in words, and what of it is on the stage. */

import { Run, standing } from "../data/run.js";
import { RunStream } from "../data/stream.js";
import { element } from "../dom/dom.js";
import { Playback } from "./playback.js";
import { RunStatus } from "./run-status.js";

export class TrainView {
  /** @param {import("../view.js").ViewContext} context */
  constructor(context) {
    const { service, data, reporter } = context;
    this.context = context;
    this.bundle = null;
    /** @type {import("../view.js").ExplorerData["stream"]} */
    this.source = null;
    /** @type {RunStream | null} */
    this.stream = null;
    this.status = new RunStatus();
    this.playback = new Playback(
      {
        service,
        plotlyUrl: data.plotly,
        layers: data.layers,
        onAxes: (name) => reporter.report("axes", name),
        onLayers: (names) => reporter.report("layers", names),
      },
      (step) => reporter.report("keyframe", step),
    );
    this.stage = this.playback.stage;
    this.rewind = this.playback.rewind;
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

  get isReady() {
    return this.playback.isReady;
  }

  get map() {
    return this.stage.map;
  }

  get decoded() {
    return this.stage.decoded;
  }

  get cursor() {
    return this.stage.cursor;
  }

  get panel() {
    return this.stage.panel;
  }

  get frames() {
    return this.map.drawnFrames;
  }

  /** The step that is shown of the run's past; null: now. @returns {number | null} */
  get keyframe() {
    return this.rewind.shown?.step ?? null;
  }

  /** @param {string | null} name  axes wanted from outside */
  setAxes(name) {
    this.stage.setAxes(name);
  }

  async open() {
    const { data, reporter } = this.context;
    reporter.hear("axes", data.axes ?? null);
    reporter.hear("layers", data.layers ?? null);
    this.stage.setAxes(data.axes ?? null);
    this.#watch(data.stream);
  }

  /** @param {import("../view.js").ExplorerData} data */
  update(data) {
    const { reporter } = this.context;
    if (reporter.hear("axes", data.axes ?? null)) this.stage.setAxes(data.axes ?? null);
    if (reporter.hear("layers", data.layers ?? null)) this.panel.setLayers(data.layers);
    this.#watch(data.stream);
  }

  close() {
    this.stream?.close();
    this.playback.close();
  }

  /** The theme changed. */
  recolour() {
    this.stage.recolour();
  }

  /** @param {import("../view.js").ExplorerData["stream"]} source */
  #watch(source) {
    if ((source?.run ?? null) === (this.source?.run ?? null)) return;
    this.source = source;
    this.empty.hidden = source !== null;
    this.stage.element.hidden = source === null;
    this.context.reporter.forget("keyframe");
    this.stream?.close();
    this.stream = source && this.#connect(source.url);
    this.playback.take(this.stream);
    if (source) return;
    this.status.show(null);
    this.status.say("");
  }

  /** @param {string} path  of the run's stream @returns {RunStream} */
  #connect(path) {
    this.status.setTrouble("");
    this.status.say("Connecting to the run …");
    return new RunStream(
      path,
      (message) => this.#receive(message),
      (sentence) => this.status.setTrouble(sentence),
    );
  }

  /** @param {import("../data/messages.js").Message} message */
  #receive(message) {
    const { playback } = this;
    if (message.kind === "hello") playback.begin(new Run(message), this.source.keyframes ?? null);
    else if (playback.run) playback.hear(message);
    else if (message.kind === "state") this.#standBy(message);
    if (playback.run) this.status.show(playback.run);
  }

  /** It has never had a map, and waits in the queue or failed before. @param {import("../data/messages.js").StateMessage} message */
  #standBy({ facts }) {
    this.stage.element.hidden = facts.state === "queued" || facts.state === "failed";
    this.status.standBy(standing(facts));
  }
}

/** Train: the run that there is, as its stream tells of it: its state in words, and what of it is on the stage. */

import { Run, standing } from "../data/run.js";
import { RunStream } from "../data/stream.js";
import { element } from "../dom/dom.js";
import { FirstFilm } from "./first/first-film.js";
import { Playback } from "./playback.js";
import { RunStatus } from "./run-status.js";

export class TrainView {
  /** @param {import("../view.js").ViewContext} context */
  constructor(context) {
    const { service, data, reporter } = context;
    this.context = context;
    /** @type {import("../view.js").RunSource | null} */
    this.source = null;
    /** The moment of the run's past that Python was told of; null: now; undefined: unsure. @type {number | null | undefined} */
    this.toldMoment = null;
    /** Whether a moment of the past was ever told: Python may still hold it, of whichever run. */
    this.wentBack = false;
    /** What Python's page has drawn of the run; null: nothing. @type {import("../view.js").ExplorerData["standing"]} */
    this.onPage = null;
    /** The run and its standing that were noted last, as JSON. */
    this.noted = "";
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
      (step) => this.#tellMoment(step),
    );
    this.stage = this.playback.stage;
    this.rewind = this.playback.rewind;
    this.film = new FirstFilm();
    this.empty = element(
      "div",
      { class: "le-first" },
      this.film.element,
      element(
        "p",
        { class: "le-empty le-caption" },
        "No run yet: press Start, and its map appears here within a second.",
      ),
    );
    this.empty.hidden = true;
    this.element = element(
      "div",
      { class: "le-train" },
      this.status.element,
      this.empty,
      this.stage.element,
      this.rewind.element,
    );
    this.stage.element.hidden = true;
    // The page's buttons act on the moment that is drawn, so Python hears of it before it hears of the button.
    this.onPress = (/** @type {Event} */ event) => {
      const isKey = event instanceof KeyboardEvent;
      if (isKey && event.key !== "Enter" && event.key !== " ") return;
      if (!this.source || (event.target instanceof Node && this.element.contains(event.target))) return;
      this.playback.tellMoment();
      reporter.flush();
    };
    addEventListener("pointerdown", this.onPress, { capture: true });
    addEventListener("keydown", this.onPress, { capture: true });
  }

  /** No stored model is shown here. */
  get bundle() {
    return null;
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

  /** @returns {import("../view.js").Particulars} what is shown of the run besides its map, for whoever follows */
  get particulars() {
    return { slow: this.playback.slow.place, moment: this.keyframe };
  }

  /** Show the moment and the step of slow motion that another shows. @param {import("../view.js").Particulars} theirs */
  takeParticulars({ slow, moment }) {
    this.rewind.goToStep(moment ?? null);
    this.playback.slow.goTo(slow ?? null);
  }

  /** @param {string | null} name  axes wanted from outside */
  setAxes(name) {
    this.stage.setAxes(name);
  }

  open() {
    const { data, reporter } = this.context;
    reporter.hear("axes", data.axes ?? null);
    reporter.hear("layers", data.layers ?? null);
    this.stage.setAxes(data.axes ?? null);
    this.#watch(data.stream);
    this.#hearStanding(data);
    this.#invite();
    return Promise.resolve();
  }

  /** @param {import("../view.js").ExplorerData} data */
  update(data) {
    const { reporter } = this.context;
    if (reporter.hear("axes", data.axes ?? null)) this.stage.setAxes(data.axes ?? null);
    if (reporter.hear("layers", data.layers ?? null)) this.panel.setLayers(data.layers);
    this.#watch(data.stream);
    this.#hearStanding(data);
  }

  close() {
    removeEventListener("pointerdown", this.onPress, { capture: true });
    removeEventListener("keydown", this.onPress, { capture: true });
    this.stream?.close();
    this.film.close();
    this.playback.close();
  }

  /** The theme changed. */
  recolour() {
    this.playback.recolour();
    this.film.recolour();
  }

  /** @param {number | null} step  of the moment that is drawn; null: now */
  #tellMoment(step) {
    if (step === this.toldMoment) return;
    this.toldMoment = step;
    this.wentBack ||= step !== null;
    this.context.reporter.report("keyframe", step);
  }

  /** @param {import("../view.js").RunSource | null} source */
  #watch(source) {
    if ((source?.run ?? null) === (this.source?.run ?? null)) return;
    this.source = source;
    this.#invite();
    this.stage.element.hidden = source === null;
    this.context.reporter.forget("keyframe");
    this.context.reporter.forget("standing");
    this.stream?.close();
    this.stream = source && this.#connect(source.url);
    this.playback.prepare(this.stream);
    // It begins with its newest state, whatever was shown of it when it was here before.
    if (source) {
      // A run that is left at once and comes back: what was to be told of the one between may never have been.
      if (this.wentBack) this.toldMoment = undefined;
      this.#tellMoment(null);
      return;
    }
    this.status.describe(null);
    this.status.say("");
  }

  /** Show the film while there is no run. */
  #invite() {
    this.empty.hidden = this.source !== null;
    this.status.element.hidden = this.source === null;
    if (this.source) this.film.rest();
    else if (!this.film.isWanted) this.film.play();
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
    if (message.kind === "hello") this.#begin(new Run(message));
    else if (playback.run) playback.receive(message);
    else if (message.kind === "state") this.#standBy(message);
    if (playback.run) this.status.describe(playback.run);
    this.#tellStanding();
  }

  /** @param {import("../view.js").ExplorerData} data */
  #hearStanding(data) {
    this.onPage = data.standing ?? null;
    if (this.context.reporter.hear("standing", this.onPage)) this.noted = "";
  }

  /** Have the page drawn anew whose buttons do not show what has become of the run. */
  #tellStanding() {
    const { run } = this.playback;
    if (!run || !this.onPage) return;
    const now = [run.now.state, run.now.step > 0, run.moments.length > 0];
    const noted = JSON.stringify([run.id, ...now]);
    if (noted === this.noted) return; // a frame must not make it wait anew
    this.noted = noted;
    this.context.reporter.report("standing", now);
  }

  /** @param {Run} run  another one, or the same after a new connection */
  #begin(run) {
    this.playback.begin(run, this.source?.keyframes ?? null);
    this.playback.tellMoment();
  }

  /** It has never had a map, and waits in the queue or failed before. @param {import("../data/messages.js").StateMessage} message */
  #standBy({ facts }) {
    this.stage.element.hidden = facts.state === "queued" || facts.state === "failed";
    this.status.standBy(standing(facts));
  }
}

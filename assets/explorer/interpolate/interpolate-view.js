/** Interpolate: two real images, the walk between their codes, and the plain blend of their pixels beside it. */

import { Cursor } from "../cursor/cursor.js";
import { DecodedPicture } from "../cursor/picture.js";
import { Readout } from "../cursor/readout.js";
import { loadBundle } from "../data/bundle.js";
import { element } from "../dom/dom.js";
import { fixed } from "../dom/format.js";
import { between, interpolate } from "../latent/codes.js";
import { nearestPoints } from "../latent/projection.js";
import { codeOf } from "../latent/space.js";
import { MapPanel } from "../map/panel/map-panel.js";
import { EndCard } from "./end-card.js";
import { firstPair } from "./first-pair.js";
import { ImageChooser } from "./image-chooser.js";
import { WalkRows } from "./walk-rows.js";

/** @typedef {import("../view.js").ViewContext} ViewContext */

const MOST_STEPS = 200;

export class InterpolateView {
  /** @param {ViewContext} context */
  constructor(context) {
    const { service, data, reporter } = context;
    this.context = context;
    this.isReady = false;
    this.frames = 0;
    this.bundle = null;
    /** Probe images: where the walk starts and where it ends. @type {[number, number]} */
    this.ends = [0, 0];
    /** Which end the next choice is for. */
    this.choosing = 0;
    this.method = "linear";
    this.steps = 11;
    this.cursor = new Cursor(new Float32Array(0));
    this.decoded = new DecodedPicture(service);
    this.cursor.subscribe((move) => this.decoded.draw(move.z, move.stamp));
    this.readout = new Readout(this.cursor);
    this.panel = new MapPanel({
      cursor: this.cursor,
      plotlyUrl: data.plotly,
      service,
      layers: data.layers ?? [],
      onPick: (x, y) => this.#pickOnMap(x, y),
      onAxes: (name) => {
        this.#drawPath();
        reporter.report("axes", name);
      },
      onLayers: (names) => reporter.report("layers", names),
      help: {
        mouse: "Click a dot to choose it for the end that is marked; Ctrl and the wheel zoom, dragging pans.",
        finger:
          "Tap a dot to choose it for the end that is marked; pinch to zoom, drag with two fingers to pan.",
      },
    });
    this.chooser = new ImageChooser((index) => this.#choose(index));
    this.cards = [new EndCard("From", () => this.#aimAt(0)), new EndCard("To", () => this.#aimAt(1))];
    this.#aimAt(0);
    this.progress = element("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "0.002",
      value: "0",
      class: "le-progress-slider",
      "aria-label": "Place on the way",
      input: (event) => this.#goTo(this.progress.valueAsNumber, event.timeStamp),
    });
    this.#tellProgress(0);
    this.rows = new WalkRows(service, (t, method, stamp) => this.#goTo(t, stamp, method ?? this.method));
    this.element = element(
      "div",
      { class: "le-interpolate" },
      this.panel.element,
      element(
        "div",
        { class: "le-side" },
        element("div", { class: "le-ends" }, this.cards[0].element, this.cards[1].element),
        element(
          "div",
          { class: "le-buttons" },
          element("button", { type: "button", click: () => this.#random() }, "Two at random"),
          element(
            "button",
            { type: "button", click: () => this.#setEnds([this.ends[1], this.ends[0]], true) },
            "Swap",
          ),
        ),
        element(
          "figure",
          { class: "le-decoded-figure" },
          this.decoded.picture.canvas,
          element(
            "label",
            { class: "le-way" },
            element("span", {}, "From"),
            this.progress,
            element("span", {}, "To"),
          ),
          this.readout.element,
        ),
      ),
      this.rows.element,
      this.chooser.element,
    );
  }

  get map() {
    return this.panel.map;
  }

  async open() {
    this.bundle = await loadBundle(this.context.data.bundle);
    if (this.isClosed) return;
    const { data, reporter } = this.context;
    const { space, weights } = this.bundle;
    this.decoded.load(data.bundle.url, space.config, weights);
    this.readout.setSpace(space);
    this.rows.fileName = (name) => `${this.bundle.name}-${this.ends.join("-")}-${name}.png`;
    this.#read(data);
    const [from, to] = firstPair(space);
    const given = data.interpolation ?? {};
    this.#hearEnds(given);
    reporter.hear("axes", data.axes ?? null);
    reporter.hear("layers", data.layers ?? null);
    this.ends = [acceptedIndex(given.from, space) ?? from, acceptedIndex(given.to, space) ?? to];
    this.cursor.start(codeOf(space, this.ends[0]));
    this.decoded.draw(this.cursor.z, performance.now());
    const { name, title } = this.bundle;
    this.panel.show(space, data.axes, { model: data.bundle.url, name, title });
    this.#drawEnds();
    this.cursor.repeat();
    this.chooser.fill(space);
    this.chooser.mark(this.ends);
    await this.decoded.firstPicture;
    this.isReady = true;
  }

  /** @param {import("../view.js").ExplorerData} data */
  update(data) {
    const { reporter } = this.context;
    this.context.data = data;
    if (!this.bundle) return;
    const { space } = this.bundle;
    const [method, steps] = [this.method, this.steps];
    this.#read(data);
    if (reporter.hear("layers", data.layers ?? null)) this.panel.setLayers(data.layers ?? []);
    if (reporter.hear("axes", data.axes ?? null)) {
      this.panel.setAxes(data.axes);
      this.#drawPath();
    }
    const given = data.interpolation ?? {};
    const news = this.#hearEnds(given);
    if (news[0] || news[1]) {
      const pair = firstPair(space);
      const wanted = [given.from, given.to].map((index, end) =>
        news[end] ? (acceptedIndex(index, space) ?? pair[end]) : this.ends[end]
      );
      this.#setEnds(/** @type {[number, number]} */ (wanted), false);
    } else if (method !== this.method || steps !== this.steps) {
      this.#drawRows();
    }
  }

  close() {
    this.isClosed = true;
    for (const part of [this.cursor, this.decoded, this.readout, this.panel]) part.close();
  }

  #hearEnds(given) {
    const { reporter } = this.context;
    return [reporter.hear("from", given.from ?? null), reporter.hear("to", given.to ?? null)];
  }

  #read(data) {
    const { method, steps } = data.interpolation ?? {};
    this.method = method === "slerp" ? "slerp" : "linear";
    this.steps = Math.min(MOST_STEPS, Math.max(2, Math.round(steps || 11)));
    this.rows.mark(this.method);
  }

  #aimAt(end) {
    this.choosing = end;
    this.cards.forEach((card, n) => card.aim(n === end));
  }

  #choose(index) {
    const ends = /** @type {[number, number]} */ ([...this.ends]);
    ends[this.choosing] = index;
    this.#aimAt(1 - this.choosing);
    this.#setEnds(ends, true);
  }

  #pickOnMap(x, y) {
    const { indices } = nearestPoints([x, y], this.map.positions, 1);
    if (indices.length) this.#choose(indices[0]);
    return true;
  }

  #random() {
    const { count } = this.bundle.space;
    const from = Math.floor(Math.random() * count);
    const to = count > 1 ? (from + 1 + Math.floor(Math.random() * (count - 1))) % count : from;
    this.#setEnds([from, to], true);
  }

  /** @param {[number, number]} ends @param {boolean} isChosen  by hand, so that Python is told */
  #setEnds(ends, isChosen) {
    this.ends = ends;
    this.#tellProgress(0);
    this.cursor.start(codeOf(this.bundle.space, ends[0]));
    this.#drawEnds();
    this.chooser.mark(ends);
    if (!isChosen) return;
    this.context.reporter.report("from", ends[0]);
    this.context.reporter.report("to", ends[1]);
  }

  #drawEnds() {
    const { space } = this.bundle;
    this.cards.forEach((card, end) => card.setImage(space, this.ends[end], this.decoded.decoder));
    this.#drawRows();
  }

  #drawRows() {
    this.rows.draw(this.bundle.space, this.context.data.bundle.url, this.ends, this.steps);
    this.#drawPath();
  }

  #drawPath() {
    const { space } = this.bundle;
    const [from, to] = this.ends.map((index) => codeOf(space, index));
    const codes = interpolate(from, to, this.steps, this.method);
    this.map.overlay.showPath(this.panel.axes.place(codes));
  }

  /** Show the picture at a share of the way. @param {number} t @param {number} stamp @param {string} [method] */
  #goTo(t, stamp, method = this.method) {
    const [from, to] = this.ends.map((index) => codeOf(this.bundle.space, index));
    this.#tellProgress(t);
    this.cursor.pin(between(from, to, t, /** @type {"linear" | "slerp"} */ (method)), { stamp });
  }

  /** @param {number} t  the share of the way that is shown */
  #tellProgress(t) {
    this.progress.value = String(t);
    this.progress.setAttribute("aria-valuetext", `${fixed(100 * t, 0)} % of the way`);
  }
}

/** @param {any} index @param {import("../latent/space.js").Space} space @returns {number | null} */
function acceptedIndex(index, space) {
  return Number.isInteger(index) && index >= 0 && index < space.count ? index : null;
}

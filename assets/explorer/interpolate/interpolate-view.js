/** Interpolate: two real images, the walk between their codes, and the plain blend of their pixels beside it. */

import { Cursor } from "../cursor/cursor.js";
import { ImageChooser } from "../cursor/image-chooser.js";
import { DecodedPicture } from "../cursor/picture.js";
import { Readout } from "../cursor/readout.js";
import { BundleError, loadBundle } from "../data/bundle.js";
import { element } from "../dom/dom.js";
import { fixed } from "../dom/format.js";
import { SaveMenu } from "../dom/files/save-menu.js";
import { between, interpolate } from "../latent/codes.js";
import { nearestPoints } from "../latent/projection.js";
import { classOf, codeOf } from "../latent/space.js";
import { MapPanel } from "../map/panel/map-panel.js";
import { EndCard } from "./end-card.js";
import { firstPair } from "./first-pair.js";
import { Player } from "./player.js";
import { walkFiles } from "./walk-files.js";
import { WalkRows } from "./walk-rows.js";

/** @typedef {import("../data/bundle.js").Bundle} Bundle */
/** @typedef {import("../latent/codes.js").Method} Method */
/** @typedef {import("../latent/space.js").Space} Space */
/** @typedef {import("../view.js").ExplorerData} ExplorerData */
/** @typedef {import("../view.js").ViewContext} ViewContext */

/** Pictures in a row at most: what a link asks for may be any number. */
const MOST_STEPS = 200;
/** Pictures in a row where nothing is asked for. */
const USUAL_STEPS = 11;

export class InterpolateView {
  /** @param {ViewContext} context */
  constructor(context) {
    const { service, data, reporter } = context;
    this.context = context;
    this.isReady = false;
    this.isClosed = false;
    this.frames = 0;
    /** @type {Bundle | null} */
    this.bundle = null;
    /** Probe images: where the walk starts and where it ends. @type {[number, number]} */
    this.ends = [0, 0];
    /** Which end the next choice is for. */
    this.choosing = 0;
    /** Of the row whose path is on the map. @type {Method} */
    this.method = "linear";
    this.steps = USUAL_STEPS;
    this.cursor = new Cursor(new Float32Array(0));
    this.decoded = new DecodedPicture(service);
    this.cursor.subscribe((move) => this.decoded.draw(move.z, move.stamp));
    this.readout = new Readout(this.cursor);
    this.panel = new MapPanel({
      cursor: this.cursor,
      plotlyUrl: data.plotly,
      service,
      layers: data.layers ?? [],
      onPickImage: (index) => {
        this.#choose(index);
        return true;
      },
      onPick: (x, y) => this.#pickOnMap(x, y),
      onAxes: (name) => {
        this.#drawPath();
        reporter.report("axes", name);
      },
      onLayers: (names) => reporter.report("layers", names),
      help: {
        mouse: "Click a dot to choose it for the end that is marked; Ctrl and the wheel zoom, dragging pans.",
        finger:
          "Touch a dot to choose it for the end that is marked; pinch to zoom, drag with two fingers to pan.",
      },
    });
    this.chooser = new ImageChooser("Choose by class", (index) => this.#choose(index));
    this.cards = [new EndCard("From", () => this.#aimAt(0)), new EndCard("To", () => this.#aimAt(1))];
    this.#aimAt(0);
    /** @type {HTMLInputElement} */
    this.progress = element("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "0.002",
      value: "0",
      class: "le-progress-slider",
      "aria-label": "Place on the way",
      input: (event) => this.#walkByHand(this.progress.valueAsNumber, event.timeStamp),
    });
    this.player = new Player((t, stamp) => this.#goTo(t, stamp));
    this.rows = new WalkRows(
      service,
      (t, method, stamp) => this.#walkByHand(t, stamp, method ?? this.method),
    );
    this.grid = element(
      "div",
      { class: "le-walk-grid" },
      this.rows.element,
      element("div", { class: "le-way" }, this.player.button, this.progress),
    );
    this.#tellProgress(0);
    this.trouble = element("span", { class: "le-caption", role: "status" });
    this.menu = new SaveMenu(
      walkFiles(() => this.#file(), service),
      (sentence) => (this.trouble.textContent = sentence),
    );
    const hint = matchMedia("(pointer: coarse)").matches ? "Touch" : "Click";
    this.element = element(
      "div",
      { class: "le-interpolate" },
      element(
        "section",
        { class: "le-walk", "aria-label": "A walk between two images" },
        element(
          "div",
          { class: "le-walk-top" },
          this.cards[0].element,
          element(
            "figure",
            { class: "le-decoded-figure" },
            this.decoded.picture.canvas,
            this.readout.element,
          ),
          this.cards[1].element,
        ),
        this.grid,
        element(
          "div",
          { class: "le-walk-foot" },
          element("button", { type: "button", click: () => this.#random() }, "Two at random"),
          element(
            "button",
            { type: "button", click: () => this.#setEnds([this.ends[1], this.ends[0]], true) },
            "Swap",
          ),
          element("span", { class: "le-caption" }, `${hint} From or To, then an image below.`),
          this.trouble,
          this.menu.element,
        ),
      ),
      this.panel.element,
      this.chooser.element,
    );
  }

  get map() {
    return this.panel.map;
  }

  /** @returns {import("../view.js").Particulars} the walk, for whoever follows */
  get particulars() {
    const { ends: [from, to], steps, progress } = this;
    const method = this.method === "slerp" ? "slerp" : "linear"; // of categories a follower knows as much
    return { walk: this.bundle && { from, to, method, steps, at: progress.valueAsNumber } };
  }

  /** Walk as another does, whose page shows the same model. @param {import("../view.js").Particulars} theirs */
  takeParticulars({ walk }) {
    if (!walk || !this.bundle) return;
    const { ends, method, steps } = this;
    this.#read({ interpolation: walk });
    if (walk.from !== ends[0] || walk.to !== ends[1]) this.#setEnds([walk.from, walk.to], false);
    else if (method !== this.method || steps !== this.steps) this.#drawRows();
    this.#tellProgress(walk.at);
  }

  async open() {
    const { bundle: source } = this.context.data;
    if (!source) throw new Error("There is no model to interpolate with.");
    this.bundle = await loadBundle(source);
    if (this.isClosed) return;
    const { data, reporter } = this.context;
    const { name: model, title, space, weights } = this.bundle;
    if (!space.count) {
      throw new BundleError(
        `The model “${title}” has no encoder, so no image has a place to walk from. Explore it, or choose another one.`,
      );
    }
    this.decoded.load(source.url, space.config, weights);
    this.readout.setSpace(space);
    this.#read(data);
    const [from, to] = firstPair(space);
    const given = endsOf(data);
    this.#hearEnds(given);
    reporter.hear("axes", data.axes ?? null);
    reporter.hear("layers", data.layers ?? null);
    this.ends = [acceptedIndex(given.from, space) ?? from, acceptedIndex(given.to, space) ?? to];
    this.#goToStart(space);
    this.decoded.draw(this.cursor.z, performance.now());
    this.panel.showSpace(space, data.axes, { model: source.url, name: model, title });
    this.#drawEnds();
    this.cursor.repeat();
    this.chooser.fill(space);
    this.chooser.mark(this.ends);
    await this.decoded.firstPicture;
    this.isReady = true;
  }

  /** @param {ExplorerData} data */
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
    const given = endsOf(data);
    const [isFromNew, isToNew] = this.#hearEnds(given);
    if (isFromNew || isToNew) {
      const pair = firstPair(space);
      const from = isFromNew ? (acceptedIndex(given.from, space) ?? pair[0]) : this.ends[0];
      const to = isToNew ? (acceptedIndex(given.to, space) ?? pair[1]) : this.ends[1];
      this.#setEnds([from, to], false);
    } else if (method !== this.method || steps !== this.steps) {
      this.#drawRows();
    }
  }

  close() {
    this.isClosed = true;
    this.player.pause();
    for (const part of [this.cursor, this.decoded, this.readout, this.panel, this.menu]) part.close();
  }

  /** @param {{from: number | null, to: number | null}} given @returns {[boolean, boolean]} which of them are new */
  #hearEnds(given) {
    const { reporter } = this.context;
    return [reporter.hear("from", given.from), reporter.hear("to", given.to)];
  }

  /** Take the method and the number of steps. @param {Pick<ExplorerData, "interpolation">} data */
  #read({ interpolation }) {
    const asked = interpolation?.method === "slerp" ? "slerp" : "linear";
    this.method = this.bundle?.space.config.categories ? "one_by_one" : asked;
    this.steps = Math.min(MOST_STEPS, Math.max(2, Math.round(interpolation?.steps || USUAL_STEPS)));
    this.rows.mark(this.method);
  }

  /** @param {number} end  0 or 1, which the next choice is for */
  #aimAt(end) {
    this.choosing = end;
    this.cards.forEach((card, n) => card.aim(n === end));
  }

  /** @param {number} index  of the image that becomes the end aimed at */
  #choose(index) {
    const ends = /** @type {[number, number]} */ ([...this.ends]);
    ends[this.choosing] = index;
    this.#aimAt(1 - this.choosing);
    this.#setEnds(ends, true);
  }

  /** @param {number} x @param {number} y @returns {boolean} that a click there has been dealt with */
  #pickOnMap(x, y) {
    const { indices } = nearestPoints([x, y], this.map.positions, 1);
    if (indices.length) this.#choose(indices[0]);
    return true;
  }

  #random() {
    if (!this.bundle) return;
    const { count } = this.bundle.space;
    const from = Math.floor(Math.random() * count);
    const to = count > 1 ? (from + 1 + Math.floor(Math.random() * (count - 1))) % count : from;
    this.#setEnds([from, to], true);
  }

  /** @param {[number, number]} ends @param {boolean} isChosen  by hand, so that Python is told */
  #setEnds(ends, isChosen) {
    if (!this.bundle) return;
    this.ends = ends;
    this.#tellProgress(0);
    this.#goToStart(this.bundle.space);
    this.#drawEnds();
    this.chooser.mark(ends);
    if (!isChosen) return;
    this.context.reporter.report("from", ends[0]);
    this.context.reporter.report("to", ends[1]);
  }

  /** Stand where the walk starts; a model that is told the class is told that of this image, all the way. @param {Space} space */
  #goToStart(space) {
    const { decoded, panel, cursor, ends: [from] } = this;
    const label = classOf(space, from);
    if (label !== decoded.label) {
      decoded.tellClass(label);
      panel.decodeBy(decoded.model);
    }
    cursor.start(codeOf(space, from));
  }

  #drawEnds() {
    const { bundle, decoded: { decoder } } = this;
    if (!bundle || !decoder) return;
    this.cards.forEach((card, end) => card.setImage(bundle.space, this.ends[end], decoder));
    this.#drawRows();
  }

  #drawRows() {
    if (!this.bundle) return;
    this.grid.style.setProperty("--le-columns", String(this.steps));
    this.grid.style.setProperty("--le-row-count", String(this.rows.shown.length));
    this.rows.draw(this.bundle.space, this.decoded.model, this.ends, this.steps);
    this.#tellProgress(this.progress.valueAsNumber);
    this.#drawPath();
  }

  #drawPath() {
    const { bundle, panel: { axes } } = this;
    if (!bundle || !axes) return;
    const [from, to] = this.ends.map((index) => codeOf(bundle.space, index));
    const codes = interpolate(from, to, this.steps, this.method);
    this.map.drawPath(axes.place(codes));
  }

  /** A hand takes over from the player. @param {number} t  0..1 @param {number} stamp @param {Method} [method] */
  #walkByHand(t, stamp, method = this.method) {
    this.player.pause();
    this.#goTo(t, stamp, method);
  }

  /** Pin the latent at a share of the way. @param {number} t  0..1 @param {number} stamp @param {Method} [method] */
  #goTo(t, stamp, method = this.method) {
    if (!this.bundle) return;
    const { space } = this.bundle;
    const [from, to] = this.ends.map((index) => codeOf(space, index));
    this.#tellProgress(t);
    this.cursor.pin(between(from, to, t, method), { stamp });
  }

  /** @param {number} t  the share of the way that is shown */
  #tellProgress(t) {
    this.player.moveTo(t);
    this.progress.value = String(t);
    this.progress.setAttribute("aria-valuetext", `${fixed(100 * t, 0)} % of the way`);
    // The first picture's middle stands for the beginning, the last one's for the end.
    this.grid.style.setProperty("--le-at", String((0.5 + t * (this.steps - 1)) / this.steps));
  }

  /** What a file of the walk is about. @returns {import("./walk-files.js").WalkSubject | null} */
  #file() {
    if (!this.bundle) return null;
    const { bundle: { space, name }, ends, method, steps, rows, decoded: { model } } = this;
    const codes = /** @type {[Float32Array, Float32Array]} */ (ends.map((index) => codeOf(space, index)));
    return { space, model, codes, method, steps, rows: rows.shown, stem: `${name}-${ends.join("-")}` };
  }
}

/** @param {ExplorerData} data @returns {{from: number | null, to: number | null}} images that Python names as ends */
function endsOf({ interpolation }) {
  return { from: interpolation?.from ?? null, to: interpolation?.to ?? null };
}

/** @param {number | null} index @param {Space} space @returns {number | null} null where there is no such image */
function acceptedIndex(index, space) {
  return index !== null && Number.isInteger(index) && index >= 0 && index < space.count ? index : null;
}

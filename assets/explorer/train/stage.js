/**
 * The stage: the map, the picture under the hand with sliders and strips; beside them curves, bars and pictures.
 *
 * It shows one state of a run at a time: codes, a decoder, what each dimension carries. Which one, the newest or a
 * moment of the past, is the playback's to say.
 */

import { ClassChoice } from "../cursor/sliders/class-choice.js";
import { Cursor } from "../cursor/cursor.js";
import { DecodedPicture } from "../cursor/picture.js";
import { sliderRanges } from "../cursor/sliders/ranges.js";
import { Readout } from "../cursor/readout.js";
import { Sliders } from "../cursor/sliders/sliders.js";
import { element, setText } from "../dom/dom.js";
import { grouped } from "../dom/format.js";
import { roundUp } from "../dom/ticks.js";
import { carriedBy, MANY, weightPerDim } from "../latent/space.js";
import { MapPanel } from "../map/panel/map-panel.js";
import { RunStrips } from "./run-strips.js";

/** @typedef {import("../data/run.js").Run} Run */
/** @typedef {import("../latent/space.js").Space} Space */

/**
 * @typedef {(
 *   context: CanvasRenderingContext2D,
 *   viewport: import("../map/scene/viewport.js").Viewport,
 *   theme: import("../dom/theme.js").Theme,
 *   axes: import("../map/scene/axes.js").Axes,
 * ) => void} DrawAbove
 */

/** How far sliders reach at first: nearly all of the prior. Codes without one may lie further out. */
const RANGE = 3.3;

export class Stage {
  /**
   * @param {object} options
   * @param {import("../decode/service.js").DecodeService} options.service
   * @param {string} options.plotlyUrl
   * @param {string[] | null} options.layers  of the map, to be on at first; null: what suits the model
   * @param {(name: string) => void} options.onAxes  someone chose other axes
   * @param {(names: string[]) => void} options.onLayers  someone switched a layer
   * @param {() => void} options.onTouch  the pointer is on the map or a slider, or a key steps there
   * @param {import("./charts/run-charts.js").RunCharts} options.charts
   * @param {import("./run-pictures.js").RunPictures} options.pictures
   * @param {HTMLElement} options.beside  what may take the place of all but the map
   */
  constructor({ service, plotlyUrl, layers, onAxes, onLayers, onTouch, charts, pictures, beside }) {
    this.charts = charts;
    this.pictures = pictures;
    /** @type {Run | null} */
    this.run = null;
    /** What is shown. @type {Space | null} */
    this.space = null;
    this.isMapShown = false;
    /** Asked for by hand or by the link, whatever run is shown; null: what suits it. @type {string | null} */
    this.chosenAxes = null;
    this.cursor = new Cursor(new Float32Array(0));
    this.decoded = new DecodedPicture(service);
    this.cursor.subscribe((move) => this.decoded.draw(move.z, move.stamp));
    this.readout = new Readout(this.cursor);
    this.classChoice = new ClassChoice(() => this.#tellClass());
    this.sliders = new Sliders(this.cursor, onTouch, this.classChoice.element);
    /** How far sliders reach on both sides of 0. */
    this.range = RANGE;
    const onChosenAxes = (/** @type {string} */ name) => {
      this.chosenAxes = name;
      onAxes(name);
    };
    this.panel = new MapPanel({
      cursor: this.cursor,
      plotlyUrl,
      service,
      layers,
      onAxes: onChosenAxes,
      onLayers,
      onTouch,
    });
    this.strips = new RunStrips(this.cursor, service);
    /** The step of the model that drew the picture; -1: there is none. */
    this.pictureStep = -1;
    this.weightsNote = element("p", { class: "le-caption le-one-line le-weights-note" });
    const decoded = [this.decoded.picture.canvas, this.readout.element, this.weightsNote];
    this.element = element(
      "div",
      { class: "le-train-stage" },
      this.panel.element,
      element(
        "div",
        { class: "le-side" },
        element("figure", { class: "le-decoded-figure" }, ...decoded),
        this.sliders.element,
      ),
      charts.element,
      beside,
      element(
        "div",
        { class: "le-train-pictures" },
        pictures.reconstructions,
        pictures.samples,
        this.strips.element,
      ),
    );
  }

  get map() {
    return this.panel.map;
  }

  /** @param {string | null} name  axes wanted from outside */
  setAxes(name) {
    this.chosenAxes = name;
    this.panel.setAxes(name);
  }

  /**
   * Make room for a run. Map and hand stay as they are if it is the same one, the hand and its picture if it is a
   * branch of it.
   *
   * @param {Run} run
   */
  begin(run) {
    const { space } = run;
    const isSame = this.run?.id === run.id && this.run.space.dims === space.dims;
    const isBranch = this.run !== null && this.run.id === run.facts.parent?.run;
    this.run = run;
    const shown = isSame && this.space ? this.space : { ...space };
    this.space = shown;
    this.isMapShown &&= isSame;
    this.decoded.reserve(space.shape);
    this.readout.setSpace(shown);
    this.pictures.reserve(space.shape, run.facts.family.has_prior, space.count > 0);
    this.charts.setRun(run);
    this.element.classList.toggle("le-many", space.dims > MANY);
    if (isSame) return;
    const dims = Array.from({ length: space.dims }, (_, d) => d);
    this.range = RANGE;
    this.pictureStep = -1;
    const nothing = new Float64Array(space.dims);
    this.sliders.make(dims, nothing, this.#ranges(space), carriedBy(space), null, space.config.categories);
    this.cursor.start(isBranch ? this.cursor.pinned : new Float32Array(space.dims));
    if (!isBranch) this.decoded.forget(); // a branch begins with the weights that draw there now
    this.classChoice.make(space);
    this.charts.forgetDimensions();
    this.strips.forget();
  }

  /** @param {Pick<Space, "mean" | "logvar" | "pca">} codes  of all images */
  drawCodes({ mean, logvar, pca }) {
    const { space, panel } = this;
    if (!space) return;
    Object.assign(space, { mean, logvar, pca: pca ?? space.pca });
    this.#reach(space);
    if (!this.isMapShown || !panel.axes) {
      this.#showMap(space);
      return;
    }
    this.map.move(panel.axes.points());
    panel.reread();
  }

  /** Some images' codes have changed in place. @param {Int32Array} index  which images */
  moveCodes(index) {
    const { run, space, panel } = this;
    if (!run || !space) return;
    space.mean = run.space.mean;
    if (!this.isMapShown || !panel.axes) {
      // A plane to look on comes with the first snapshot; up to two dimensions need none.
      if (space.dims < 3 || space.config.categories) this.#showMap(space);
      return;
    }
    this.map.move(panel.axes.points(index), index);
  }

  /**
   * Decode by these weights from now on.
   *
   * @param {import("../data/safetensors.js").Weights} weights
   * @param {number} step
   * @param {boolean} isAtOnce  strips too, for someone looks at just this step
   */
  decodeBy(weights, step, isAtOnce) {
    const { run, space } = this;
    if (!run || !space) return;
    const model = `run-${run.id}`;
    this.decoded.load(model, space.config, weights);
    this.decoded.tellClass(this.classChoice.label);
    this.panel.decodeBy(model);
    this.cursor.repeat();
    this.pictureStep = step;
    this.sayAge(0);
    this.strips.decodeBy(model, space, isAtOnce);
  }

  /**
   * Show what the run's own worker made of what is pinned, while no hand is there that sees something else.
   *
   * @param {import("../data/safetensors.js").Safetensors} file  a message
   * @param {number} step  of the message
   */
  showPinned(file, step) {
    const { cursor, decoded } = this;
    if (!file.has("pinned.z") || cursor.last.isHover || !cursor.pinned.length) return;
    if (this.classChoice.label) return; // the worker's pictures are of the first class
    const { pinned } = cursor;
    const latents = file.floats("pinned.z");
    const count = latents.length / pinned.length;
    const n = Array.from({ length: count }, (_, k) => k).find((k) =>
      pinned.every((value, d) => latents[k * pinned.length + d] === value)
    );
    const { shape } = file.pictures("pinned.pictures");
    if (n === undefined || step < this.pictureStep || shape.join() !== decoded.picture.shape.join()) return;
    const size = shape[0] * shape[1] * shape[2];
    decoded.show(file.bytes("pinned.pictures").subarray(n * size, (n + 1) * size), pinned);
    this.pictureStep = step;
    this.sayAge(0);
  }

  /** Say which step's model drew the picture, and how old that is where it is. @param {number} seconds */
  sayAge(seconds) {
    const at = `step ${grouped(this.pictureStep)}`;
    const isOld = seconds > 1;
    this.weightsNote.classList.toggle("le-is-old", isOld);
    if (this.pictureStep < 0) setText(this.weightsNote, "");
    else if (isOld) setText(this.weightsNote, `The picture is ${Math.round(seconds)} s old: of ${at}.`);
    else if (this.pictureStep > 0) setText(this.weightsNote, `Decoded by the model as it was at ${at}.`);
    else setText(this.weightsNote, "Decoded by a model that has not learned yet.");
  }

  /** Whether a hand is on the map or a slider, moving or not. @returns {boolean} */
  get hasHand() {
    return this.cursor.last.isHover || this.sliders.element.matches(":hover");
  }

  /**
   * @param {number[] | null} klPerDim   (D,); null: it is worked out from the codes
   * @param {{isWhole?: boolean}} [codes]  whether they are all of one step, so that dead dimensions can be told
   */
  drawCarried(klPerDim, { isWhole = false } = {}) {
    const { space, charts } = this;
    if (!space) return;
    const { categories } = space.config;
    const carried = klPerDim ?? weightPerDim(space);
    this.sliders.setWeights(categories ? weightPerDim(space) : carried);
    if (categories && klPerDim) charts.drawBars(klPerDim);
    if (!space.isGaussian || !space.count) return;
    charts.drawBars(carried);
    if (isWhole && space.mean.every(Number.isFinite)) charts.judgeDimensions(space);
  }

  /** @param {import("../map/scene/moving-points.js").Pace} pace  at which points go to their places */
  setPace(pace) {
    this.map.setPace(pace);
  }

  /** @param {boolean} isMoving  whether points go on moving */
  setMoving(isMoving) {
    this.map.stream(isMoving);
  }

  /** Draw something above the map, with which slow motion takes the place of the rest. @param {DrawAbove | null} draw */
  drawAbove(draw) {
    this.element.classList.toggle("le-is-slow", draw !== null);
    if (!draw) this.map.lookAt(null);
    this.map.drawAbove(
      draw && ((context, viewport, theme) => {
        if (this.panel.axes) draw(context, viewport, theme, this.panel.axes);
      }),
    );
  }

  /**
   * Look closer at some places of the map.
   *
   * @param {(axes: import("../map/scene/axes.js").Axes) => Float32Array} places  (N, 2) on the map's axes
   */
  lookAt(places) {
    if (this.panel.axes) this.map.lookAt(places(this.panel.axes));
  }

  close() {
    const { cursor, decoded, readout, sliders, panel, strips } = this;
    for (const part of [cursor, decoded, readout, sliders, panel, strips]) part.close();
  }

  /** Another class is told: all that is decoded is another picture. */
  #tellClass() {
    const { decoded, panel, space, strips, cursor } = this;
    if (!space || !decoded.model) return;
    decoded.tellClass(this.classChoice.label);
    panel.decodeBy(decoded.model);
    strips.decodeBy(decoded.model, space, true);
    cursor.repeat();
  }

  /** @param {Space} space @returns {Array<[number, number]>} (D,) ends of the sliders */
  #ranges(space) {
    const { dims, config: { categories } } = space;
    if (categories) return sliderRanges(space, "prior");
    return Array.from({ length: dims }, () => [-this.range, this.range]);
  }

  /** Let sliders reach all codes, where no prior says how far these go; in steps, and never less far. @param {Space} space */
  #reach(space) {
    const { isGaussian, mean, config: { categories } } = space;
    if (isGaussian || categories) return;
    const furthest = mean.reduce((most, code) => Math.max(most, Math.abs(code)), 0);
    if (!(furthest > this.range && furthest < Infinity)) return;
    this.range = roundUp(furthest);
    this.sliders.setRanges(this.#ranges(space));
  }

  /** @param {Space} space */
  #showMap(space) {
    const model = this.decoded.model || undefined;
    const title = this.run?.facts.title;
    this.panel.showSpace(space, this.chosenAxes, { model, name: "run", title, isLive: true });
    this.isMapShown = true;
    this.cursor.repeat();
  }
}

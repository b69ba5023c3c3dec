/**
 * The stage: the map, the picture under the hand with sliders and strips, curves, bars and pictures.
 *
 * It shows one state of a run at a time: codes, a decoder, pictures, what each dimension carries. Which one, the newest
 * or a moment of the past, is the Train view's to say.
 */

import { Cursor } from "../cursor/cursor.js";
import { DecodedPicture } from "../cursor/picture.js";
import { Readout } from "../cursor/readout.js";
import { Sliders } from "../cursor/sliders.js";
import { Strips } from "../cursor/strips.js";
import { element, setText } from "../dom/dom.js";
import { FoldedTable } from "../dom/folded-table.js";
import { grouped } from "../dom/format.js";
import { roundUp } from "../dom/ticks.js";
import { aggregatePosterior, deadDimensions } from "../latent/posterior.js";
import { CARRIES, MANY, weightPerDim } from "../latent/space.js";
import { MapPanel } from "../map/panel/map-panel.js";
import { Bars } from "./charts/bars.js";
import { curvesTable } from "./charts/curves-table.js";
import { Chart, Charts } from "./charts/curves.js";
import { RunPictures } from "./run-pictures.js";

/** @typedef {import("../data/run.js").Run} Run */
/** @typedef {import("../latent/space.js").Space} Space */

/** How far sliders reach at first: nearly all of the prior. Codes without one may lie further out. */
const RANGE = 3.3;

/** Strips are drawn anew at most so often while a run trains, in ms. */
const STRIPS_EVERY = 1500;

export class Stage {
  /**
   * @param {object} options
   * @param {import("../decode/service.js").DecodeService} options.service
   * @param {string} options.plotlyUrl
   * @param {string[] | null} options.layers  of the map, to be on at first; null: what suits the model
   * @param {(name: string) => void} options.onAxes  someone chose other axes
   * @param {(names: string[]) => void} options.onLayers  someone switched a layer
   * @param {() => void} options.onHand  a hand is on the map or a slider
   * @param {HTMLElement} options.beside  what may take the place of all but the map
   */
  constructor({ service, plotlyUrl, layers, onAxes, onLayers, onHand, beside }) {
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
    this.sliders = new Sliders(this.cursor, onHand);
    const onChosenAxes = (name) => {
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
      onHand,
    });
    this.strips = new Strips(this.cursor, service);
    this.hasStrips = false;
    this.stripsTimer = 0;
    this.weightsNote = element("p", { class: "le-caption le-one-line le-weights-note" });
    this.chartList = [
      new Chart("ELBO", "nats per image, higher is better"),
      new Chart("Reconstruction", "log p(x|z), nats per image, higher is better"),
      new Chart("KL", "nats per image: what the codes carry"),
    ];
    this.charts = new Charts(this.chartList);
    this.bars = new Bars("KL per dimension", "nats per image; hollow: dead");
    this.table = new FoldedTable("The curves, in nats per image", () => curvesTable(this.run.readings));
    this.pictures = new RunPictures();
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
      element(
        "div",
        { class: "le-readings" },
        this.charts.element,
        this.bars.element,
        this.table.element,
      ),
      beside,
      element(
        "div",
        { class: "le-train-pictures" },
        this.pictures.reconstructions,
        this.pictures.samples,
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
    if (!isSame) {
      this.space = { ...space };
      this.isMapShown = false;
    }
    this.decoded.reserve(space.shape);
    this.readout.setSpace(this.space);
    this.pictures.reserve(space.shape, space.isGaussian);
    const inOrder = ({ curves: { elbo, log_likelihood: reconstruction, kl } }) => [elbo, reconstruction, kl];
    this.charts.take(inOrder(run.readings), run.parent && inOrder(run.parent.readings));
    this.charts.mark(run.marks);
    this.element.classList.toggle("le-many", space.dims > MANY);
    const [elbo, , kl] = this.chartList;
    for (const { element: each } of [elbo, kl, this.bars]) each.hidden = !space.isGaussian;
    if (isSame) return;
    const dims = Array.from({ length: space.dims }, (_, d) => d);
    this.range = RANGE;
    this.sliders.make(dims, new Float64Array(space.dims), this.#ranges(), this.#carries());
    this.cursor.start(isBranch ? this.cursor.pinned : new Float32Array(space.dims));
    if (!isBranch) this.decoded.forget(); // a branch begins with the weights that draw there now
    this.bars.forget();
    this.hasStrips = false;
  }

  /** @param {Pick<Space, "mean" | "logvar" | "pca">} codes  of all images */
  showCodes({ mean, logvar, pca }) {
    Object.assign(this.space, { mean, logvar, pca: pca ?? this.space.pca });
    this.#reach();
    if (!this.isMapShown) {
      this.#showMap();
      return;
    }
    this.map.move(this.panel.axes.points());
    this.panel.reread();
  }

  /** Some images' codes have changed in place. @param {Int32Array} index  which images */
  moveCodes(index) {
    const { mean, dims } = this.run.space;
    this.space.mean = mean;
    if (!this.isMapShown) {
      // A plane to look on comes with the first snapshot; up to two dimensions need none.
      if (dims < 3) this.#showMap();
      return;
    }
    this.map.move(this.panel.axes.points(index), index);
  }

  /**
   * Decode by these weights from now on.
   *
   * @param {import("../decode/decoder.js").Weights} weights
   * @param {number} step
   * @param {boolean} isAtOnce  strips too, for someone looks at just this step
   */
  decodeBy(weights, step, isAtOnce) {
    const model = `run-${this.run.id}`;
    this.decoded.load(model, this.space.config, weights);
    this.panel.decodeBy(model);
    this.cursor.repeat();
    const at = `Decoded by the model as it was at step ${grouped(step)}.`;
    setText(this.weightsNote, step > 0 ? at : "Decoded by a model that has not learned yet.");
    if (!this.hasStrips) this.#makeStrips(model);
    else if (isAtOnce) this.#drawStrips();
    else this.stripsTimer ||= setTimeout(() => this.#drawStrips(), STRIPS_EVERY);
  }

  /**
   * @param {number[] | null} klPerDim   (D,); null: it is worked out from the codes
   * @param {{isWhole?: boolean}} [codes]  whether they are all of one step, so that dead dimensions can be told
   */
  showCarried(klPerDim, { isWhole = false } = {}) {
    const { space } = this;
    const carried = klPerDim ?? weightPerDim(space);
    this.sliders.setWeights(carried);
    if (!space.isGaussian) return;
    this.bars.show(carried);
    if (!isWhole || !space.mean.every(Number.isFinite)) return;
    const dead = deadDimensions(space, aggregatePosterior(space));
    this.bars.tellActive(Array.from(carried, (_, d) => !dead.has(d)));
  }

  /** The theme changed. */
  recolour() {
    this.charts.recolour();
  }

  close() {
    clearTimeout(this.stripsTimer);
    const { cursor, decoded, readout, sliders, panel, charts, bars, strips } = this;
    for (const part of [cursor, decoded, readout, sliders, panel, charts, bars, strips]) part.close();
  }

  /** @returns {Array<[number, number]>} (D,) ends of the sliders */
  #ranges() {
    return Array.from({ length: this.space.dims }, () => [-this.range, this.range]);
  }

  /** Let sliders reach all codes, where no prior says how far these go; in steps, and never less far. */
  #reach() {
    const { isGaussian, mean } = this.space;
    if (isGaussian) return;
    const furthest = mean.reduce((most, code) => Math.max(most, Math.abs(code)), 0);
    if (!(furthest > this.range && furthest < Infinity)) return;
    this.range = roundUp(furthest);
    this.sliders.setRanges(this.#ranges());
  }

  #carries() {
    return CARRIES[this.space.isGaussian ? "gaussian" : "point"];
  }

  #showMap() {
    const { panel, run } = this;
    const model = this.decoded.model || undefined;
    const { title } = run.facts;
    panel.showSpace(this.space, this.chosenAxes, { model, name: "run", title, isLive: true });
    this.isMapShown = true;
    this.cursor.repeat();
  }

  /** @param {string} model */
  #makeStrips(model) {
    const { dims } = this.space;
    const order = Array.from({ length: dims }, (_, d) => d);
    const nothing = new Float64Array(dims); // what each carries stands in the bars
    this.strips.make(this.space, model, order, nothing, this.#carries(), new Set(), this.#stripRange());
    this.hasStrips = true;
  }

  #drawStrips() {
    clearTimeout(this.stripsTimer);
    this.stripsTimer = 0;
    this.strips.setRange(this.#stripRange());
  }

  #stripRange() {
    return this.space.isGaussian ? "prior" : "data";
  }
}

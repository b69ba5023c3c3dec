/** Explore: a stored model's map, the large picture, sliders, and a strip for each dimension. */

import { Cursor } from "../cursor/cursor.js";
import { Neighbours } from "../cursor/neighbours.js";
import { DecodedPicture } from "../cursor/picture.js";
import { RangeSwitch, sliderRanges } from "../cursor/ranges.js";
import { Readout } from "../cursor/readout.js";
import { Sliders } from "../cursor/sliders.js";
import { Strips } from "../cursor/strips.js";
import { Surroundings } from "../cursor/surroundings.js";
import { loadBundle } from "../data/bundle.js";
import { element, textButton } from "../dom/dom.js";
import { acceptedLatent, gaussian, rounded } from "../latent/codes.js";
import { aggregatePosterior, deadDimensions } from "../latent/posterior.js";
import { nearestPoints } from "../latent/projection.js";
import { CARRIES, codeOf, heaviestFirst, MANY, weightPerDim } from "../latent/space.js";
import { MapPanel } from "../map/panel/map-panel.js";
import { OneImage } from "./one-image.js";

/** @typedef {import("../data/bundle.js").Bundle} Bundle */
/** @typedef {import("../latent/space.js").Space} Space */
/** @typedef {import("../view.js").ViewContext} ViewContext */

export class ExploreView {
  /** @param {ViewContext} context */
  constructor(context) {
    const { service, reporter, data } = context;
    service.warm(); // strips and the image looked at will want it, and the model is not here yet
    this.context = context;
    this.isReady = false;
    this.isClosed = false;
    this.frames = 0;
    /** @type {Bundle | null} */
    this.bundle = null;
    /** The pinned latent that was reported last. @type {Float32Array | null} */
    this.reported = null;
    this.cursor = new Cursor(new Float32Array(0));
    this.decoded = new DecodedPicture(service);
    this.cursor.subscribe((move) => {
      this.decoded.draw(move.z, move.stamp);
      if (!move.isChosen || move.pinned === this.reported) return;
      this.reported = move.pinned;
      reporter.report("z", rounded(move.pinned));
    });
    this.surroundings = new Surroundings(this.cursor);
    this.surroundings.subscribe(({ indices }) => this.map.linkImages(indices));
    this.readout = new Readout(this.cursor, this.surroundings);
    this.neighbours = new Neighbours(
      this.surroundings,
      (index, stamp) => this.#pickImage(() => index, stamp),
    );
    this.rangeSwitch = new RangeSwitch((by) => {
      if (this.bundle) this.sliders.setRanges(sliderRanges(this.bundle.space, by));
      this.strips.setRange(by);
    });
    this.sliders = new Sliders(this.cursor, () => {}, this.rangeSwitch.element);
    this.buttons = element("div", { class: "le-buttons", role: "group", "aria-label": "Go to a latent" });
    this.panel = new MapPanel({
      cursor: this.cursor,
      plotlyUrl: data.plotly,
      service,
      layers: data.layers,
      onAxes: (name) => reporter.report("axes", name),
      onLayers: (names) => reporter.report("layers", names),
      actions: this.buttons,
    });
    this.strips = new Strips(this.cursor, service);
    this.oneImage = new OneImage({
      service,
      onPin: (z, stamp) => this.cursor.pin(z, { stamp }),
      onLookAt: (index, samples) => this.map.ringImage(index, samples),
      onNearest: (stamp) => this.#pickImage((space) => this.#nearest(space), stamp),
      onRandom: (stamp) => this.#pickImage(anyImage, stamp),
    });
    this.element = element(
      "div",
      { class: "le-explore" },
      this.panel.element,
      this.oneImage.element,
      element(
        "div",
        { class: "le-side" },
        element("figure", { class: "le-decoded-figure" }, this.decoded.picture.canvas, this.readout.element),
        this.neighbours.element,
        this.sliders.element,
      ),
      this.strips.element,
    );
  }

  get map() {
    return this.panel.map;
  }

  /** @param {string | null} name  axes wanted from outside */
  setAxes(name) {
    this.panel.setAxes(name);
  }

  /** Fetch the model and show it. @returns {Promise<void>} */
  async open() {
    const { bundle: source } = this.context.data;
    if (!source) throw new Error("There is no model to explore.");
    this.bundle = await loadBundle(source);
    if (this.isClosed) return;
    const { data, reporter } = this.context;
    const { name, title, space, weights } = this.bundle;
    const model = source.url;
    this.decoded.load(model, space.config, weights);
    this.element.classList.toggle("le-many", space.dims > MANY);
    const start = acceptedLatent(data.z, space.dims) ?? new Float32Array(space.dims);
    reporter.hear("z", rounded(data.z));
    reporter.hear("axes", data.axes ?? null);
    reporter.hear("layers", data.layers ?? null);
    // The picture and the sliders come first: they are what the hand is waiting for.
    this.cursor.start(start);
    this.decoded.draw(start, performance.now());
    this.readout.setSpace(space);
    this.neighbours.setSpace(space);
    const carried = weightPerDim(space);
    const order = heaviestFirst(carried);
    const what = CARRIES[space.isGaussian ? "gaussian" : "point"];
    const aggregate = aggregatePosterior(space);
    const dead = deadDimensions(space, aggregate);
    const by = space.isGaussian ? "prior" : "data";
    this.rangeSwitch.element.hidden = !space.isGaussian;
    const codes = { aggregate, dead, hasPrior: space.isGaussian };
    this.sliders.make(order, carried, sliderRanges(space, by), what, codes);
    this.panel.showSpace(space, data.axes, { model, name, title });
    this.#makeButtons(space);
    this.cursor.repeat();
    await this.decoded.firstPicture;
    if (this.isClosed) return;
    this.isReady = true;
    this.strips.make(space, model, order, carried, what, dead, by);
    this.oneImage.setSpace(space, model, order);
    this.oneImage.lookAt(this.#nearest(space), false);
  }

  /** Python says something: only what is new here is done. @param {import("../view.js").ExplorerData} data */
  update(data) {
    const { reporter } = this.context;
    this.context.data = data;
    if (!this.bundle) return;
    const { space } = this.bundle;
    if (reporter.hear("z", rounded(data.z))) {
      this.cursor.start(acceptedLatent(data.z, space.dims) ?? new Float32Array(space.dims));
    }
    if (reporter.hear("axes", data.axes ?? null)) this.setAxes(data.axes);
    if (reporter.hear("layers", data.layers ?? null)) this.panel.setLayers(data.layers);
  }

  close() {
    this.isClosed = true;
    for (const part of [this.cursor, this.decoded, this.readout, this.sliders, this.panel, this.strips]) {
      part.close();
    }
  }

  /** The theme changed. */
  recolour() {
    this.oneImage.recolour();
  }

  /**
   * Pin an image's code and look at the image closely.
   *
   * @param {(space: Space) => number} choose  gives the image's index
   * @param {number} stamp
   */
  #pickImage(choose, stamp) {
    if (!this.bundle) return;
    const { space } = this.bundle;
    const index = choose(space);
    this.cursor.pin(codeOf(space, index), { stamp });
    this.oneImage.lookAt(index);
  }

  /** @param {Space} space @returns {number} the image nearest to the pinned latent */
  #nearest(space) {
    return nearestPoints(this.cursor.pinned, space.mean, 1).indices[0];
  }

  /** @param {Space} space */
  #makeButtons(space) {
    /** @param {string} text @param {string} title @param {() => Float32Array | null} choose  null: there is none yet */
    const go = (text, title, choose) =>
      textButton(text, title, (event) => {
        const z = choose();
        if (z) this.cursor.pin(z, { stamp: event.timeStamp });
      });
    const centre = space.isGaussian ? "The prior's mean: all dimensions at zero" : "All dimensions at zero";
    const random = () => Float32Array.from({ length: space.dims }, () => gaussian(Math.random));
    this.buttons.replaceChildren(
      go("Centre", centre, () => new Float32Array(space.dims)),
      textButton(
        "A real image",
        "The code of one of the images on the map",
        (event) => this.#pickImage(anyImage, event.timeStamp),
      ),
      ...(space.isGaussian
        ? [go("A sample", "Drawn from the prior, as the model makes new images", random)]
        : []),
      ...(space.logvar
        ? [
          go("Resample", "Drawn from the posterior of the image under the glass", () =>
            this.oneImage.sampleLatent()),
        ]
        : []),
    );
  }
}

/** @param {Space} space @returns {number} an image's index */
function anyImage({ count }) {
  return Math.floor(Math.random() * count);
}

/** Explore: a stored model's map, the large picture, sliders, a strip for each dimension, and new images. */

import { ClassChoice } from "../cursor/sliders/class-choice.js";
import { ClassRow } from "../cursor/sliders/class-row.js";
import { Cursor } from "../cursor/cursor.js";
import { Neighbours } from "../cursor/neighbours.js";
import { DecodedPicture } from "../cursor/picture.js";
import { RangeSwitch, sliderRanges } from "../cursor/sliders/ranges.js";
import { Readout } from "../cursor/readout.js";
import { Sliders } from "../cursor/sliders/sliders.js";
import { Strips } from "../cursor/sliders/strips.js";
import { Surroundings } from "../cursor/surroundings.js";
import { loadBundle } from "../data/bundle.js";
import { element, textButton } from "../dom/dom.js";
import { categorySamples, nearestCategory } from "../latent/categories.js";
import { acceptedLatent, gaussian, rounded } from "../latent/codes.js";
import { nearestCodes } from "../latent/nearest-codes.js";
import { aggregatePosterior, deadDimensions } from "../latent/posterior.js";
import { carriedBy, codeOf, heaviestFirst, MANY, weightPerDim } from "../latent/space.js";
import { MapPanel } from "../map/panel/map-panel.js";
import { DrawPanel } from "./draw-panel.js";
import { Find } from "./find.js";
import { Generate } from "./generate.js";
import { OneImage } from "./one-image.js";

/** @typedef {import("../data/bundle.js").Bundle} Bundle */
/** @typedef {import("../latent/space.js").Space} Space */
/** @typedef {import("../view.js").ViewContext} ViewContext */

/** @typedef {{pinned: Float32Array, index: number, how: "code" | "sample"}} Origin  of a pinned latent: an image of the probe */

/** A link has three decimals: nearer than this in each dimension two latents are one in it. */
const LINK_STEP = 0.00051;

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
      if (move.pinned !== this.followed) this.#followSoon();
      if (!move.isChosen) return;
      this.look = null;
      if (move.pinned === this.reported) return;
      this.reported = move.pinned;
      reporter.report("z", rounded(move.pinned));
    });
    this.surroundings = new Surroundings(this.cursor);
    this.surroundings.subscribe(({ indices }) => this.map.linkImages(indices));
    /** What of an image was pinned last, so that the image looked at stays with it. @type {Origin | null} */
    this.origin = null;
    /** What a leader looks at, until one's own hand pins something. @type {import("../view.js").Look | null} */
    this.look = null;
    /** The pinned latent whose image is looked at. @type {Float32Array | null} */
    this.followed = null;
    this.followFrame = 0;
    this.readout = new Readout(this.cursor, this.surroundings);
    this.neighbours = new Neighbours(
      this.surroundings,
      (index, stamp) => this.#pickImage(index, stamp),
    );
    this.rangeSwitch = new RangeSwitch((by) => {
      if (this.bundle) this.sliders.setRanges(sliderRanges(this.bundle.space, by));
      this.strips.setRange(by);
    });
    this.classChoice = new ClassChoice((label) => this.#tellClass(label));
    const actions = element(
      "div",
      { class: "le-actions" },
      this.classChoice.element,
      this.rangeSwitch.element,
    );
    this.sliders = new Sliders(this.cursor, () => {}, actions);
    this.drawPanel = new DrawPanel({
      cursor: this.cursor,
      label: () => this.classChoice.label,
      onDraw: (own) => this.panel?.map.showOwn(own),
    });
    this.decoded.onDrawn = () => this.drawPanel.compare(this.decoded);
    this.buttons = element("div", {
      class: "le-buttons le-go",
      role: "group",
      "aria-label": "Go to a latent",
    });
    this.classRow = new ClassRow(this.cursor, service, (label) => this.classChoice.choose(label));
    this.strips = new Strips(this.cursor, service);
    this.find = new Find(this.cursor, service);
    this.generate = new Generate(this.cursor, service, (label) => this.classChoice.choose(label));
    this.panel = new MapPanel({
      cursor: this.cursor,
      plotlyUrl: data.plotly,
      first: this.strips.firstDrawn,
      service,
      layers: data.layers,
      onAxes: (name) => reporter.report("axes", name),
      onLayers: (names) => reporter.report("layers", names),
      onPickImage: (index, stamp) => this.#pickImage(index, stamp),
    });
    this.oneImage = new OneImage({
      service,
      onPin: (z, stamp) => this.#pinSample(z, stamp),
      onLookAt: (index, samples) => this.map.ringImage(index, samples),
      onPick: (index, stamp) => this.#pickImage(index, stamp),
    });
    this.element = element(
      "div",
      { class: "le-explore" },
      this.panel.element,
      element(
        "div",
        { class: "le-side" },
        element("figure", { class: "le-decoded-figure" }, this.decoded.picture.canvas, this.readout.element),
        this.buttons,
        this.sliders.element,
        this.drawPanel.element,
        this.neighbours.element,
      ),
      this.oneImage.element,
      this.find.element,
      this.classRow.element,
      this.strips.element,
      this.generate.element,
    );
  }

  get map() {
    return this.panel.map;
  }

  /** What is on the pad, as `window.latentExplorer` gives it. */
  get drawn() {
    const { code } = this.drawPanel;
    return code && { mean: Array.from(code.mean), logvar: code.logvar && Array.from(code.logvar) };
  }

  clearDrawing() {
    this.drawPanel.pad.clear(performance.now());
  }

  /** @returns {import("../view.js").Particulars} which image is looked at, and how, for whoever follows */
  get particulars() {
    const { index, how, away } = this.oneImage;
    const image = index < 0 ? null : index;
    return {
      look: this.isReady
        ? { image, how, away, reach: this.rangeSwitch.by, label: this.classChoice.label }
        : null,
    };
  }

  /** Look at the image that another looks at, as they do. @param {import("../view.js").Particulars} theirs */
  takeParticulars({ look }) {
    if (!look || !this.isReady) return;
    this.rangeSwitch.choose(look.reach);
    this.classChoice.choose(look.label);
    this.look = look;
    this.#followSoon();
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
    this.classChoice.make(space);
    this.element.classList.toggle("le-many", space.dims > MANY);
    const start = this.#latentOf(data, space);
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
    const what = carriedBy(space);
    const aggregate = aggregatePosterior(space);
    const dead = space.config.categories ? new Set() : deadDimensions(space, aggregate);
    const by = space.isGaussian ? "prior" : "data";
    const hasImages = space.count > 0;
    this.rangeSwitch.set(by);
    this.rangeSwitch.element.hidden = !space.isGaussian || !hasImages;
    this.neighbours.element.hidden = this.oneImage.element.hidden = !hasImages;
    if (!hasImages) this.find.make(space, this.bundle.imageLabels, model);
    const codes = hasImages && !space.config.categories
      ? { aggregate, dead, hasPrior: space.isGaussian }
      : null;
    this.sliders.make(order, carried, sliderRanges(space, by), what, codes, space.config.categories);
    this.panel.showSpace(space, data.axes, { model, name, title });
    this.#makeButtons(space);
    this.cursor.repeat();
    await this.decoded.firstPicture;
    if (this.isClosed) return;
    this.isReady = true;
    this.classRow.make(space, model);
    this.strips.make(space, model, order, carried, what, dead, by);
    this.generate.make(space, model, name);
    this.find.fill();
    if (!hasImages) return;
    this.drawPanel.setBundle(this.bundle);
    this.oneImage.setSpace(space, model, order);
    this.#followPin(space);
  }

  /** Python says something: only what is new here is done. @param {import("../view.js").ExplorerData} data */
  update(data) {
    const { reporter } = this.context;
    this.context.data = data;
    if (!this.bundle) return;
    const { space } = this.bundle;
    if (reporter.hear("z", rounded(data.z))) {
      this.cursor.start(this.#latentOf(data, space));
    }
    if (reporter.hear("axes", data.axes ?? null)) this.setAxes(data.axes);
    if (reporter.hear("layers", data.layers ?? null)) this.panel.setLayers(data.layers);
  }

  close() {
    this.isClosed = true;
    cancelAnimationFrame(this.followFrame);
    const { cursor, decoded, readout, sliders, drawPanel, panel, classRow, strips, find, generate } = this;
    for (
      const part of [cursor, decoded, readout, sliders, drawPanel, panel, classRow, strips, find, generate]
    ) {
      part.close();
    }
  }

  /** The theme changed. */
  recolour() {
    this.oneImage.recolour();
    this.drawPanel.recolour();
    this.find.recolour();
  }

  /**
   * Read the latent that Python names: in a link an image's code has lost all but three decimals.
   *
   * @param {import("../view.js").ExplorerData} data
   * @param {Space} space
   * @returns {Float32Array} (D,)
   */
  #latentOf({ z: named }, space) {
    const z = acceptedLatent(named, space.dims);
    if (!z) return new Float32Array(space.dims);
    const { categories } = space.config;
    if (categories) return z.map((value) => nearestCategory(value, categories));
    const [nearest] = nearestCodes(z, space, 1).indices;
    const code = nearest === undefined ? z : codeOf(space, nearest);
    return z.every((value, d) => Math.abs(value - code[d]) < LINK_STEP) ? code : z;
  }

  /** Look at another image once the picture is drawn: that must never wait for it. */
  #followSoon() {
    this.followFrame ||= requestAnimationFrame(() => {
      this.followFrame = 0;
      if (this.bundle) this.#followPin(this.bundle.space);
    });
  }

  /** Look at the image that is pinned, or else at the one nearest to the pin. @param {Space} space */
  #followPin(space) {
    const { pinned } = this.cursor;
    this.followed = pinned;
    if (this.look?.image != null && this.look.image < space.count) {
      this.oneImage.lookAt(this.look.image, this.look.how, this.look.away);
      return;
    }
    if (this.origin?.pinned === pinned) {
      this.oneImage.lookAt(this.origin.index, this.origin.how);
      return;
    }
    const { indices: [nearest], squares: [square] } = nearestCodes(pinned, space, 1);
    if (nearest !== undefined) this.oneImage.lookAt(nearest, square ? "near" : "code", Math.sqrt(square));
  }

  /** Pin an image's code and look at the image closely. @param {number} index @param {number} stamp @returns {boolean} that it is done */
  #pickImage(index, stamp) {
    if (!this.bundle) return false;
    const { positions } = this.map;
    /** @type {[number, number] | null} */
    const place = positions.length ? [positions[2 * index], positions[2 * index + 1]] : null;
    const pinned = codeOf(this.bundle.space, index);
    this.classChoice.follow(this.bundle.space, index);
    this.origin = { pinned, index, how: "code" };
    this.cursor.pin(pinned, { place, stamp });
    return true;
  }

  /** Pin a sample of the posterior of the image looked at. @param {Float32Array} z @param {number} stamp */
  #pinSample(z, stamp) {
    if (this.bundle) this.classChoice.follow(this.bundle.space, this.oneImage.index);
    this.origin = { pinned: z, index: this.oneImage.index, how: "sample" };
    this.cursor.pin(z, { stamp });
  }

  /** Another class is told: all that is decoded is another picture, except what one image is. @param {number} label */
  #tellClass(label) {
    const { decoded, panel, strips, cursor } = this;
    decoded.tellClass(label);
    panel.decodeBy(decoded.model);
    strips.redraw();
    cursor.repeat();
    this.drawPanel.encodeAnew();
  }

  /** @param {Space} space */
  #makeButtons(space) {
    const { categories } = space.config;
    const centre = space.isGaussian ? "The prior's mean: all dimensions at zero" : "All dimensions at zero";
    const draw = (/** @type {Event} */ { timeStamp: stamp }) => {
      const z = categories
        ? categorySamples(1, space.dims, categories, Math.floor(2 ** 32 * Math.random()))
        : Float32Array.from({ length: space.dims }, () => gaussian(Math.random));
      this.cursor.pin(z, { stamp });
    };
    this.buttons.replaceChildren(
      element("span", { class: "le-caption" }, "Go to"),
      categories ? "" : textButton( // categories have no middle
        "Centre",
        centre,
        (event) => this.cursor.pin(new Float32Array(space.dims), { stamp: event.timeStamp }),
      ),
      space.count
        ? textButton(
          "A real image",
          "The code of an image on the map, chosen at random",
          (event) => this.#pickImage(Math.floor(Math.random() * space.count), event.timeStamp),
        )
        : this.find.count
        ? textButton(
          "A real image",
          "The latent whose picture comes nearest to an image chosen at random; it is searched below",
          (event) => this.find.begin(Math.floor(Math.random() * this.find.count), event.timeStamp),
        )
        : "",
      space.isGaussian || categories
        ? textButton("Prior sample", "Drawn at random from the prior, as the model makes new images", draw)
        : textButton(
          "N(0, 1) sample",
          "Drawn at random from N(0, 1) all the same: this model has no prior, so no image need be near",
          draw,
        ),
      space.logvar
        ? textButton("Posterior sample", "Drawn at random from the posterior of the image below", (event) => {
          const z = this.oneImage.sampleLatent();
          if (z) this.#pinSample(z, event.timeStamp);
        })
        : "",
    );
  }
}

/** Explore: a stored model's map, the large picture, sliders, and a strip for each dimension. */

import { loadBundle } from "./bundle.js";
import { element } from "./dom.js";
import { gaussian } from "./latent.js";
import { MapPanel } from "./map-panel.js";
import { Neighbours } from "./neighbours.js";
import { Painter } from "./painter.js";
import { Readout } from "./readout.js";
import { Sliders } from "./sliders.js";
import { codeOf, heaviestFirst, reachPerDim, weightPerDim } from "./space.js";
import { Strips } from "./strips.js";
import { Surroundings } from "./surroundings.js";
import { Walk } from "./walk.js";

/** @typedef {import("./explorer.js").ViewContext} ViewContext */

/** With more dimensions than this the picture makes room for the sliders. */
export const MANY = 6;

/** What a dimension carries, by whether codes have a variance. */
export const CARRIES = {
  gaussian: { name: "KL", unit: "nats per image: how much this dimension tells about an image" },
  point: { name: "variance", unit: "of the images' codes along this dimension" },
};

export class ExploreView {
  /** @param {ViewContext} context */
  constructor(context) {
    const { service, reporter, data } = context;
    this.context = context;
    this.isReady = false;
    this.frames = 0;
    this.bundle = null;
    /** The pinned latent that was reported last. @type {Float32Array | null} */
    this.reported = null;
    this.walk = new Walk(new Float32Array(0));
    this.painter = new Painter(service);
    this.walk.subscribe((move) => {
      this.painter.paint(move.z, move.stamp);
      if (!move.isChosen || move.pinned === this.reported) return;
      this.reported = move.pinned;
      reporter.report("z", rounded(move.pinned));
    });
    this.surroundings = new Surroundings(this.walk);
    this.surroundings.subscribe(({ indices }) => this.map.drawLinks(indices));
    this.readout = new Readout(this.walk, this.surroundings);
    this.neighbours = new Neighbours(this.surroundings, (index, stamp) => this.#pickImage(index, stamp));
    this.sliders = new Sliders(this.walk);
    this.buttons = element("div", { class: "le-buttons", role: "group", "aria-label": "Go to a latent" });
    this.panel = new MapPanel({
      walk: this.walk,
      plotlyUrl: data.plotly,
      onAxes: (name) => reporter.report("axes", name),
      actions: this.buttons,
    });
    this.strips = new Strips(this.walk, service);
    this.element = element(
      "div",
      { class: "le-explore" },
      this.panel.element,
      element(
        "div",
        { class: "le-side" },
        element("figure", { class: "le-decoded-figure" }, this.painter.picture.canvas, this.readout.element),
        this.neighbours.element,
        this.sliders.element,
      ),
      this.strips.element,
    );
  }

  get map() {
    return this.panel.map;
  }

  /** Fetch the model and show it. @returns {Promise<void>} */
  async open() {
    this.bundle = await loadBundle(this.context.data.bundle);
    if (this.isClosed) return;
    const { data, reporter } = this.context;
    const { space, weights } = this.bundle;
    const model = data.bundle.url;
    this.painter.load(model, space.config, weights);
    this.element.classList.toggle("le-many", space.dims > MANY);
    const start = acceptedLatent(data.z, space.dims) ?? new Float32Array(space.dims);
    reporter.hear("z", rounded(data.z));
    reporter.hear("axes", data.axes ?? null);
    // The picture and the sliders come first: they are what the hand is waiting for.
    this.walk.start(start);
    this.painter.paint(start, performance.now());
    this.readout.read(space);
    this.neighbours.read(space);
    const carried = weightPerDim(space);
    const order = heaviestFirst(carried);
    const what = CARRIES[space.isGaussian ? "gaussian" : "point"];
    this.sliders.make(order, carried, reachPerDim(space), what);
    this.panel.show(space, data.axes);
    this.#makeButtons();
    this.walk.repeat();
    await this.painter.firstPicture;
    if (this.isClosed) return;
    this.isReady = true;
    this.strips.make(space, model, order, carried, what);
  }

  /** Python says something: only what is news to us is done. @param {import("./explorer.js").ExplorerData} data */
  update(data) {
    const { reporter } = this.context;
    this.context.data = data;
    if (!this.bundle) return;
    const { space } = this.bundle;
    if (reporter.hear("z", rounded(data.z))) {
      this.walk.start(acceptedLatent(data.z, space.dims) ?? new Float32Array(space.dims));
    }
    if (reporter.hear("axes", data.axes ?? null)) this.panel.setAxes(data.axes);
  }

  close() {
    this.isClosed = true;
    for (const part of [this.walk, this.painter, this.readout, this.sliders, this.panel, this.strips])
      part.close();
  }

  /** @param {number} index  of the probe @param {number} stamp */
  #pickImage(index, stamp) {
    this.walk.pin(codeOf(this.bundle.space, index), { stamp });
    this.map.markImage(index);
  }

  #makeButtons() {
    const { space } = this.bundle;
    const go = (text, title, choose) =>
      element(
        "button",
        { type: "button", title, click: (event) => this.walk.pin(choose(), { stamp: event.timeStamp }) },
        text,
      );
    this.buttons.replaceChildren(
      go("Centre", "All dimensions at zero", () => new Float32Array(space.dims)),
      go("A real image", "The code of one of the images on the map", () => {
        return codeOf(space, Math.floor(Math.random() * space.count));
      }),
      ...(space.isGaussian
        ? [
            go("A sample", "Drawn from the prior, as the model makes new images", () =>
              Float32Array.from({ length: space.dims }, () => gaussian(Math.random)),
            ),
          ]
        : []),
    );
  }
}

/** @param {ArrayLike<number> | null | undefined} z @returns {number[] | null} as the URL has it, three decimals */
export function rounded(z) {
  return z ? Array.from(z, (value) => Math.round(value * 1000) / 1000 + 0) : null;
}

/** @param {any} z @param {number} dims @returns {Float32Array | null} a latent, if it is one of this model's */
export function acceptedLatent(z, dims) {
  const isLatent = Array.isArray(z) && z.length === dims && z.every((value) => Number.isFinite(value));
  return isLatent ? Float32Array.from(z) : null;
}

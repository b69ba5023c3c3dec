/**
 * Holes: the map of an autoencoder that the learner trains beside that of a stored VAE, one hand over both; draws from
 * N(0, 1) decoded by both, and how near each comes to an image.
 */

import { Cursor } from "../../cursor/cursor.js";
import { DecodedPicture } from "../../cursor/picture.js";
import { loadBundle } from "../../data/bundle.js";
import { DecodeService } from "../../decode/service.js";
import { element, setText, textButton } from "../../dom/dom.js";
import { fixed } from "../../dom/format.js";
import { Sheet } from "../../dom/pictures.js";
import { gaussian } from "../../latent/codes.js";
import { LatentMap } from "../../map/drawing/map.js";
import { makeAxes } from "../../map/scene/axes.js";
import { makeColouring } from "../../map/scene/colouring.js";
import { RunFeed } from "./run-feed.js";

/** @typedef {import("./thing.js").ThingContext} ThingContext */
/** @typedef {import("../../latent/space.js").Space} Space */

/** Draws at once, in rows of pictures. */
const COLUMNS = 8;
const ROWS = 3;

/** One of the two models: its map, the picture under the hand, and its pictures of draws. */
class Side {
  /**
   * @param {object} options
   * @param {string} options.title
   * @param {string} options.name
   * @param {Cursor} options.cursor  shared by both
   * @param {string} options.plotlyUrl
   * @param {DecodeService} options.service
   * @param {() => void} options.onTouch
   */
  constructor({ title, name, cursor, plotlyUrl, service, onTouch }) {
    this.name = name;
    this.cursor = cursor;
    /** @type {Space | null} */
    this.space = null;
    /** @type {import("../../map/scene/axes.js").Axes | null} */
    this.axes = null;
    this.decoded = new DecodedPicture(service);
    this.unsubscribe = cursor.subscribe(({ z, stamp }) => this.decoded.draw(z, stamp));
    this.trouble = element("span", { class: "le-caption" });
    this.map = new LatentMap({
      cursor,
      plotlyUrl,
      description: `Map of the ${title}: each dot is an image. Both maps share one hand.`,
      onTrouble: (sentence) => setText(this.trouble, sentence),
      onTouch,
    });
    this.map.element.classList.add("le-unlaid");
    this.sheet = new Sheet([1, 8, 8], COLUMNS, ROWS, {
      "aria-label": `What the ${title} makes of the draws`,
    });
    this.note = element("p", { class: "le-caption" });
    this.element = element(
      "section",
      { class: "le-learn-side", "aria-label": title },
      element("h3", {}, title),
      this.note,
      this.map.element,
      this.trouble,
      element(
        "div",
        { class: "le-holes-pictures" },
        element(
          "figure",
          {},
          this.decoded.picture.canvas,
          element("figcaption", { class: "le-fine" }, "under the hand"),
        ),
        element(
          "figure",
          {},
          this.sheet.canvas,
          element("figcaption", { class: "le-fine" }, "draws from N(0, 1)"),
        ),
      ),
    );
  }

  /** @param {Space} space */
  layOut(space) {
    this.space = space;
    this.axes = makeAxes("0,1", space);
    this.sheet.resize(space.shape, COLUMNS, ROWS);
    this.map.element.classList.remove("le-unlaid");
    this.map.read(space);
    this.map.layOut(this.axes, makeColouring(space), new Set(["prior"]));
  }

  /**
   * Decode draws, and find for each the image that looks most like it.
   *
   * @param {Float32Array} codes  (N, 2)
   * @returns {Array<{error: number, label: number}>} (N,) mean squared difference per pixel, and that image's class
   */
  decodeDraws(codes) {
    const { space } = this;
    const { decoder } = this.decoded;
    if (!space || !decoder) return [];
    const pictures = decoder.decode(codes, new Float32Array((codes.length / 2) * decoder.size));
    return Array.from({ length: codes.length / 2 }, (_, n) => {
      const picture = pictures.subarray(n * decoder.size, (n + 1) * decoder.size);
      if (n < COLUMNS * ROWS) this.sheet.draw(n, picture, 255);
      return nearestImage(space, picture);
    });
  }

  close() {
    this.unsubscribe();
    this.decoded.close();
    this.map.close();
  }
}

export class HolesThing {
  /** @param {ThingContext} context */
  constructor(context) {
    const { data, service } = context;
    this.context = context;
    /** @type {import("../../data/bundle.js").Bundle | null} */
    this.bundle = null;
    this.isClosed = false;
    this.draws = 0;
    this.runs = 0;
    /** Places on the maps where a hand has pinned. */
    this.places = 0;
    this.cursor = new Cursor(new Float32Array(2));
    this.otherService = new DecodeService();
    const both = { cursor: this.cursor, plotlyUrl: data.plotly, onTouch: () => this.feed.touch() };
    this.plain = new Side({ ...both, title: "Autoencoder, yours", name: "plain", service });
    this.vae = new Side({ ...both, title: "VAE, trained before", name: "vae", service: this.otherService });
    /** @type {Record<"plain" | "vae", Array<{error: number, label: number}>>} of the last draws */
    this.found = { plain: [], vae: [] };
    this.start = textButton("Train", "Train an autoencoder", () => {
      this.start.disabled = true;
      context.order({ do: "start", values: {} });
    });
    this.start.classList.add("le-learn-main");
    this.draw = textButton(
      "Draw 24 codes from N(0, 1)",
      "The same codes for both decoders",
      () => this.#drawCodes(),
    );
    this.status = element("span", { class: "le-caption", role: "status" });
    this.element = element(
      "div",
      { class: "le-thing" },
      element(
        "div",
        { class: "le-learn-settings" },
        element("div", { class: "le-buttons", "data-part": "train" }, this.start),
        element("div", { class: "le-buttons", "data-part": "draw" }, this.draw),
        this.status,
      ),
      element("div", { class: "le-thing-halves", "data-part": "maps" }, this.plain.element, this.vae.element),
    );
    let latest = this.cursor.pinned;
    // Moves of one frame are told together: a pin may come with the hover after it, and a hover's end pins nothing.
    this.cursor.subscribe(({ pinned, isChosen }) => {
      if (!isChosen || pinned === latest) return;
      latest = pinned;
      this.places += 1;
      this.context.onHand();
    });
    this.feed = new RunFeed({
      onBegin: (run) => {
        this.isLaid = false;
        if (run.hasCodes) this.#moveCodes(run, null);
      },
      onCodes: (run, index) => this.#moveCodes(run, index),
      onFacts: (run) => this.#tell(run),
      onWeights: (run) => {
        if (!run.weights) return;
        this.plain.decoded.load(`run-${run.id}`, run.space.config, run.weights);
        this.cursor.repeat();
      },
      onEnd: () => {
        this.runs += 1;
        this.context.onRun(this.values);
        this.context.onChange();
      },
      onTrouble: (sentence) => setText(this.plain.trouble, sentence),
    });
    setText(this.plain.note, "Not trained yet: press Train.");
  }

  get map() {
    return this.vae.map;
  }

  get decoded() {
    return this.vae.decoded;
  }

  async open() {
    const { bundle: source } = this.context.data;
    if (!source) throw new Error("There is no VAE to stand beside.");
    this.bundle = await loadBundle(source);
    if (this.isClosed) return;
    const { space, weights } = this.bundle;
    this.vae.decoded.load(source.url, space.config, weights);
    this.vae.layOut(space);
    setText(this.vae.note, "The circles: N(0, 1), at one, two and three deviations.");
    this.cursor.start(new Float32Array(2));
    await this.vae.decoded.firstPicture;
    this.feed.watch(this.context.data.stream);
  }

  /** @param {import("../../view.js").ExplorerData} data */
  update(data) {
    if (this.bundle) this.feed.watch(data.stream);
    if (data.trouble) this.start.disabled = false;
  }

  set() {}

  /** @returns {import("../../data/lesson.js").Values} of its quantities */
  get values() {
    const { run } = this.feed;
    const [x, y] = this.cursor.pinned;
    const { plain, vae } = this.found;
    return {
      runs: this.runs,
      draws: this.draws,
      places: this.places,
      is_done: Number(run?.now.state === "done"),
      z_0: x,
      z_1: y,
      plain_error: meanError(plain),
      vae_error: meanError(vae),
      error_ratio: meanError(plain) / meanError(vae),
      plain_classes: classes(plain),
      vae_classes: classes(vae),
      plain_spread: run?.hasCodes ? spread(run.space) : NaN,
      vae_spread: this.bundle ? spread(this.bundle.space) : NaN,
    };
  }

  recolour() {
    for (const side of [this.plain, this.vae]) side.map.recolourAll();
  }

  close() {
    this.isClosed = true;
    for (const part of [this.feed, this.plain, this.vae, this.cursor, this.otherService]) part.close();
  }

  /** @param {import("../../data/run.js").Run} run @param {Int32Array | null} index */
  #moveCodes(run, index) {
    if (!run.hasCodes) return;
    const { plain } = this;
    if (!this.isLaid) {
      this.isLaid = true;
      plain.layOut(run.space);
    } else if (plain.axes) {
      plain.map.move(index ? plain.axes.points(index) : plain.axes.points(), index ?? undefined);
    }
    plain.map.stream(run.isLive);
  }

  /** @param {import("../../data/run.js").Run} run */
  #tell(run) {
    const isActive = run.now.state === "running" || run.now.state === "queued";
    this.start.disabled = isActive;
    setText(this.start, isActive || this.runs ? "Train another one" : "Train");
    const word = isActive ? "Training" : "Trained";
    setText(
      this.plain.note,
      `${word}: epoch ${fixed(run.now.epoch, 0)} of ${run.facts.train.epochs}. No prior drew these codes.`,
    );
    this.context.onChange();
  }

  #drawCodes() {
    const codes = Float32Array.from({ length: 2 * COLUMNS * ROWS }, () => gaussian(this.context.random));
    this.draws += 1;
    this.found = { plain: this.plain.decodeDraws(codes), vae: this.vae.decodeDraws(codes) };
    this.codes = codes;
    this.context.onHand();
  }
}

/**
 * @param {Space} space
 * @param {ArrayLike<number>} picture  in [0, 1]
 * @returns {{error: number, label: number}} mean squared difference per pixel to the image most like it, and its class
 */
export function nearestImage({ images, labels, count }, picture) {
  const size = picture.length;
  let [error, label] = [Infinity, -1];
  for (let n = 0; n < count; n++) {
    let sum = 0;
    for (let p = 0; p < size && sum < error * size; p++) {
      sum += (images[n * size + p] / 255 - picture[p]) ** 2;
    }
    if (sum / size < error) [error, label] = [sum / size, labels ? labels[n] : -1];
  }
  return { error, label };
}

/** @param {Array<{error: number}>} found @returns {number} */
function meanError(found) {
  return found.reduce((sum, { error }) => sum + error, 0) / found.length;
}

/** @param {Array<{label: number}>} found @returns {number} how many kinds there are among them */
function classes(found) {
  return found.length ? new Set(found.map(({ label }) => label)).size : NaN;
}

/** @param {Space} space @returns {number} how far codes lie from the centre of N(0, 1): root of the mean square, per dimension */
function spread({ mean }) {
  return Math.sqrt(mean.reduce((sum, each) => sum + each * each, 0) / mean.length);
}

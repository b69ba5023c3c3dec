/** Draw: a pad, what the model sees of what is on it, where that lies on the map, and what the model makes of it. */

import { ClassChoice } from "../cursor/sliders/class-choice.js";
import { Cursor } from "../cursor/cursor.js";
import { ErrorPicture } from "../cursor/error-picture.js";
import { ImageChooser } from "../cursor/image-chooser.js";
import { Neighbours } from "../cursor/neighbours.js";
import { DecodedPicture } from "../cursor/picture.js";
import { Surroundings } from "../cursor/surroundings.js";
import { BundleError, loadBundle } from "../data/bundle.js";
import { encoderOf } from "../decode/encoder.js";
import { element, setText } from "../dom/dom.js";
import { Picture } from "../dom/pictures.js";
import { nearestCodes } from "../latent/nearest-codes.js";
import { posteriorSamples } from "../latent/posterior.js";
import { imageOf, labelOf } from "../latent/space.js";
import { MapPanel } from "../map/panel/map-panel.js";
import { Keeping } from "./keeping.js";
import { Lens } from "./pad/lens.js";
import { FAST, Pad } from "./pad/pad.js";
import { PadTools } from "./pad/pad-tools.js";
import { Photograph } from "./pad/photograph.js";
import { Unusual } from "./unusual.js";
import { Verdict } from "./verdict.js";

/** @typedef {import("../data/bundle.js").Bundle} Bundle */
/** @typedef {import("../view.js").ViewContext} ViewContext */

/**
 * @typedef {object} Drawn            what is on the pad, encoded
 * @property {Uint8Array} image       as the model sees it, bytes, (C, H, W)
 * @property {Float32Array} mean      (D,)
 * @property {Float32Array | null} logvar  (D,); null where codes are points
 */

const NO_PICTURE = "This browser can make no picture of that file. Choose a PNG, JPEG or WebP file.";

export class DrawView {
  /** @param {ViewContext} context */
  constructor(context) {
    const { service, reporter, data } = context;
    service.warm();
    this.context = context;
    this.isReady = false;
    this.isClosed = false;
    this.frames = 0;
    /** @type {Bundle | null} */
    this.bundle = null;
    /** @type {Lens | null} */
    this.lens = null;
    /** @type {Drawn | null} */
    this.code = null;
    /** How long the last encoding took, in ms. */
    this.pace = 0;
    this.cursor = new Cursor(new Float32Array(0));
    this.decoded = new DecodedPicture(service);
    this.decoded.onDrawn = (z) => this.#compare(z);
    this.cursor.subscribe((move) => this.decoded.draw(move.z, move.stamp));
    this.surroundings = new Surroundings(this.cursor);
    this.surroundings.subscribe(({ indices }) => this.map.linkImages(indices));
    this.unusual = new Unusual(service, () => this.#judge());
    this.tools = new PadTools({
      onUndo: (stamp) => this.pad.undo(stamp),
      onClear: (stamp) => this.pad.clear(stamp),
      onImage: (stamp) => {
        const count = this.bundle?.space.count;
        if (count) this.#putImage(Math.floor(Math.random() * count), stamp);
      },
      onFile: (file) => this.#putFile(file),
      onPhoto: (file) => this.#showPhoto(file),
    });
    this.tools.thickness.addEventListener("input", () => this.photograph.show());
    this.photograph = new Photograph({
      thickness: () => this.tools.penThickness,
      onTake: (image, stamp) => this.pad.put(image, stamp),
      onClose: () => {
        this.pad.element.hidden = false;
      },
    });
    this.pad = new Pad({
      pen: () => this.tools.pen,
      onDraw: (progress, stamp) => {
        if (progress === "ended" || this.pace < FAST) this.#look(stamp, progress === "ended");
      },
    });
    this.seen = new Picture([1, 28, 28], { "data-role": "seen", "aria-label": "What the model sees" });
    this.decodedText = element("figcaption", { class: "le-caption" });
    this.errors = new ErrorPicture();
    this.verdict = new Verdict();
    /** About a file that was put on the pad. */
    this.said = element("p", { class: "le-caption", role: "status", hidden: true });
    this.keeping = new Keeping((image) => {
      if (image === this.code?.image) this.pad.clear(performance.now());
    });
    this.keeping.setSource(data.keep ?? null);
    this.classChoice = new ClassChoice((label) => this.#tellClass(label));
    this.neighbours = new Neighbours(
      this.surroundings,
      (index, stamp) => this.#putImage(index, stamp),
      "Put it on the pad, to be altered",
    );
    this.chooser = new ImageChooser(
      "Put one on the pad, then alter it",
      (index) => this.#putImage(index, performance.now()),
    );
    this.panel = new MapPanel({
      cursor: this.cursor,
      plotlyUrl: data.plotly,
      first: this.decoded.firstPicture,
      service,
      layers: data.layers,
      onAxes: (name) => reporter.report("axes", name),
      onLayers: (names) => reporter.report("layers", names),
      onPickImage: (index, stamp) => this.#putImage(index, stamp),
      help: {
        mouse: "Click a dot to put its image on the pad; any other place shows what it decodes to. " +
          "Ctrl and the wheel zoom, dragging pans.",
        finger: "Touch a dot to put its image on the pad; drag a finger to see what places decode to. " +
          "Pinch to zoom, drag with two fingers to pan.",
      },
    });
    this.element = element(
      "div",
      { class: "le-draw" },
      element(
        "section",
        { class: "le-draw-pad", "aria-label": "Your drawing" },
        this.tools.element,
        this.pad.element,
        this.photograph.element,
        this.classChoice.element,
        this.said,
        this.keeping.element,
        this.verdict.element,
      ),
      element(
        "div",
        { class: "le-draw-pictures" },
        element(
          "figure",
          {},
          this.seen.canvas,
          element("figcaption", { class: "le-caption" }, "What the model sees"),
        ),
        element("figure", {}, this.decoded.picture.canvas, this.decodedText),
        this.errors.element,
      ),
      this.panel.element,
      this.neighbours.element,
      this.chooser.element,
    );
    this.#rest();
  }

  get map() {
    return this.panel.map;
  }

  /** What is on the pad, as `window.latentExplorer` gives it. */
  get drawn() {
    if (!this.code) return null;
    const { mean, logvar } = this.code;
    return { mean: Array.from(mean), logvar: logvar && Array.from(logvar) };
  }

  clearDrawing() {
    this.pad.clear(performance.now());
  }

  /** @param {string | null} name  axes wanted from outside */
  setAxes(name) {
    this.panel.setAxes(name);
  }

  async open() {
    const { bundle: source } = this.context.data;
    if (!source) throw new Error("There is no model to draw for.");
    const bundle = await loadBundle(source);
    if (this.isClosed) return;
    const { data, reporter } = this.context;
    const { name, title, space, weights } = bundle;
    if (!space.count) {
      throw new BundleError(
        `The model “${title}” has no encoder, so no drawing has a place in its latent space. Choose another one.`,
      );
    }
    encoderOf(bundle); // an encoder that will not do says so now
    this.bundle = bundle;
    const lens = new Lens(space);
    this.lens = lens;
    this.pad.setFrame(space.shape, lens.groundColour);
    this.tools.setFrame(space.shape, lens.penColour);
    this.keeping.setShape(space.shape);
    this.seen.resize(space.shape);
    this.errors.resize(space.shape);
    this.decoded.load(source.url, space.config, weights);
    this.classChoice.make(space);
    this.surroundings.setSpace(space);
    this.neighbours.setSpace(space);
    reporter.hear("axes", data.axes ?? null);
    reporter.hear("layers", data.layers ?? null);
    this.cursor.start(new Float32Array(space.dims));
    this.decoded.draw(this.cursor.z, performance.now());
    this.#rest();
    this.panel.showSpace(space, data.axes, { model: source.url, name, title });
    this.cursor.repeat();
    this.chooser.fill(space);
    this.#measure(bundle);
    await this.decoded.firstPicture;
    if (this.isClosed) return;
    this.isReady = true;
    this.unusual.setSpace(space, source.url);
    if (!this.pad.drawing.isEmpty) this.#look(performance.now()); // a hand was quicker
  }

  /** Python says something: only what is new here is done. @param {import("../view.js").ExplorerData} data */
  update(data) {
    const { reporter } = this.context;
    this.context.data = data;
    this.keeping.setSource(data.keep ?? null);
    if (!this.bundle) return;
    if (reporter.hear("axes", data.axes ?? null)) this.setAxes(data.axes);
    if (reporter.hear("layers", data.layers ?? null)) this.panel.setLayers(data.layers);
  }

  close() {
    this.isClosed = true;
    for (const part of [this.cursor, this.decoded, this.surroundings, this.unusual, this.panel, this.pad]) {
      part.close();
    }
  }

  /** The theme changed, or the screen's pixels. */
  recolour() {
    this.errors.recolour();
    this.pad.paint();
  }

  /** How long does the encoder take, once the engine has compiled it? @param {Bundle} bundle */
  #measure(bundle) {
    const blank = new Float32Array(encoderOf(bundle).size);
    for (let turn = 0; turn < 3; turn++) {
      const since = performance.now();
      encoderOf(bundle).encode(blank);
      this.pace = performance.now() - since;
    }
  }

  /**
   * Encode what is on the pad, and show what comes of it.
   *
   * @param {number} stamp        when the hand moved
   * @param {boolean} [isAtOnce]  it has come to its end: nothing waits for the next frame
   */
  #look(stamp, isAtOnce = true) {
    const { bundle, lens, pad: { drawing } } = this;
    this.said.hidden = true;
    this.tools.allow({ undo: drawing.past.length > 0, clear: !drawing.isEmpty });
    if (!bundle || !lens) return;
    const image = lens.see(drawing.sheet);
    this.keeping.offer(image);
    if (!image) {
      this.code = null;
      this.map.showOwn(null);
      this.#compare(this.decoded.z);
      this.#rest();
      return;
    }
    const since = performance.now();
    const { mean, logvar } = encoderOf(bundle).encode(
      Float32Array.from(image, (value) => value / 255),
      this.classChoice.label,
    );
    this.pace = performance.now() - since;
    this.code = { image, mean, logvar };
    this.seen.drawBytes(image);
    this.map.showOwn({ mean, logvar, samples: posteriorSamples(mean, logvar) });
    this.cursor.pin(mean, { stamp, isAtOnce });
    this.#judge();
  }

  /** The picture of a latent was drawn: is it the reconstruction? @param {Float32Array} z */
  #compare(z) {
    const { code, decoded: { picture } } = this;
    if (!code || z !== code.mean) {
      const isHover = this.cursor.last.isHover;
      setText(this.decodedText, isHover ? "Under the hand on the map" : "What the pin decodes to");
      this.errors.clear("Where it errs: after your next line");
      return;
    }
    setText(this.decodedText, "Its reconstruction");
    const [, height, width] = picture.shape;
    this.errors.show(code.image, picture.context.getImageData(0, 0, width, height).data);
    this.#judge();
  }

  /** Say how unusual it is. */
  #judge() {
    const { code, bundle, errors, cursor } = this;
    if (!code || !bundle) return;
    const { space } = bundle;
    const { indices: [nearest], squares: [square] } = nearestCodes(code.mean, space, 1);
    const distance = Math.sqrt(square);
    const meanSquare = cursor.z === code.mean ? (errors.found?.meanSquare ?? NaN) : NaN;
    this.verdict.say({
      rank: this.unusual.rank(distance, meanSquare),
      distance,
      meanSquare,
      nearest: labelOf(space, nearest) ? `a ${labelOf(space, nearest)}` : `image ${nearest}`,
    }, space);
  }

  /** Nothing is on the pad. */
  #rest() {
    this.seen.clear();
    this.errors.clear("Where it errs");
    this.verdict.rest(
      "Draw on the pad. Or put one of the model’s images there: choose a dot of the map, or a picture below it.",
    );
  }

  /** Put one of the held-out images on the pad. @param {number} index @param {number} stamp @returns {boolean} that it is done */
  #putImage(index, stamp) {
    if (!this.bundle) return false;
    const { space } = this.bundle;
    this.photograph.close();
    this.classChoice.follow(space, index);
    this.chooser.mark([index]);
    this.pad.put(imageOf(space, index), stamp);
    return true;
  }

  /** Put an image of one's own on the pad. @param {File} file */
  async #putFile(file) {
    const { lens } = this;
    if (!lens) return;
    this.photograph.close();
    let said = "";
    try {
      const { image, isNegative } = await lens.read(file);
      if (this.isClosed) return;
      this.pad.put(image, performance.now());
      if (isNegative) {
        said = "Light and dark are changed over, so that its ground is that of the model’s images.";
      }
    } catch (error) {
      console.warn(error);
      said = NO_PICTURE;
    }
    this.#say(said);
  }

  /** Show a photograph of one's own, of which a part is to be put on the pad. @param {File} file */
  async #showPhoto(file) {
    const { lens } = this;
    if (!lens) return;
    this.#say("");
    try {
      await this.photograph.open(file, lens);
      this.pad.element.hidden = true;
    } catch (error) {
      console.warn(error);
      this.#say(NO_PICTURE);
    }
  }

  /** @param {string} text  about a file; "" for nothing */
  #say(text) {
    setText(this.said, text);
    this.said.hidden = !text;
  }

  /** Another class is told: the same drawing has another code. @param {number} label */
  #tellClass(label) {
    this.decoded.tellClass(label);
    this.panel.decodeBy(this.decoded.model);
    this.cursor.repeat();
    this.#look(performance.now());
  }
}

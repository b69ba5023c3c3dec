/**
 * A pad within Explore, folded away until it is wanted: what is drawn is encoded and pinned, so that map, picture,
 * sliders and neighbours show it as they show any latent. The page Draw does more.
 */

import { ErrorPicture } from "../cursor/error-picture.js";
import { encoderOf } from "../decode/encoder.js";
import { element, textButton } from "../dom/dom.js";
import { Picture } from "../dom/pictures.js";
import { posteriorSamples } from "../latent/posterior.js";
import { Lens } from "../draw/pad/lens.js";
import { FAST, Pad } from "../draw/pad/pad.js";
import { USUAL_THICKNESS } from "../draw/pad/pad-tools.js";

/** @typedef {import("../data/bundle.js").Bundle} Bundle */
/** @typedef {import("../cursor/picture.js").DecodedPicture} DecodedPicture */

export class DrawPanel {
  /**
   * @param {object} options
   * @param {import("../cursor/cursor.js").Cursor} options.cursor
   * @param {() => import("../cursor/sliders/class-choice.js").ClassChoice["label"]} options.label  the class that is told
   * @param {(own: {mean: Float32Array, logvar: Float32Array | null, samples: Float32Array} | null) => void} options.onDraw
   *     shown on the map as one's own
   */
  constructor({ cursor, label, onDraw }) {
    this.cursor = cursor;
    this.label = label;
    this.onDraw = onDraw;
    /** @type {Bundle | null} */
    this.bundle = null;
    /** @type {Lens | null} */
    this.lens = null;
    /** What is on the pad, encoded. @type {{image: Uint8Array, mean: Float32Array, logvar: Float32Array | null} | null} */
    this.code = null;
    /** How long the last encoding took, in ms. */
    this.pace = 0;
    this.pad = new Pad({
      pen: () => ({
        thickness: (USUAL_THICKNESS * Math.min(...(this.lens?.shape.slice(1) ?? [28]))) / 28,
        colour: this.lens?.penColour ?? "rgb(255, 255, 255)",
        isEraser: false,
      }),
      onDraw: (progress, stamp) => {
        if (progress === "ended" || this.pace < FAST) this.#look(stamp, progress === "ended");
      },
    });
    this.undo = textButton("Undo", "Take the last line back", (event) => this.pad.undo(event.timeStamp));
    this.clear = textButton("Clear", "Empty the pad", (event) => this.pad.clear(event.timeStamp));
    this.seen = new Picture([1, 28, 28], { "data-role": "seen", "aria-label": "What the model sees" });
    this.errors = new ErrorPicture();
    this.element = element(
      "details",
      {
        class: "le-folded le-draw-panel",
        "data-role": "draw-panel",
        hidden: true,
        toggle: () => this.#open(),
      },
      element("summary", {}, "Draw an image"),
      element(
        "div",
        { class: "le-draw-panel-parts" },
        this.pad.element,
        element(
          "figure",
          {},
          this.seen.canvas,
          element("figcaption", { class: "le-caption" }, "What the model sees"),
        ),
        this.errors.element,
        element("div", { class: "le-buttons" }, this.undo, this.clear),
      ),
    );
    this.#rest();
  }

  /** @param {Bundle} bundle  its model; without an encoder there is no pad */
  setBundle(bundle) {
    const { space } = bundle;
    if (!space.count) return;
    this.bundle = bundle;
    for (const part of [this.seen, this.errors]) part.resize(space.shape);
    this.element.hidden = false;
    if (this.element.open) this.#open();
  }

  /** Another class is told: the same drawing has another code. */
  encodeAnew() {
    if (this.code && this.cursor.pinned === this.code.mean) this.#look(performance.now());
  }

  /** The picture of a latent was drawn: is it the reconstruction? @param {DecodedPicture} decoded */
  compare({ z, picture }) {
    const { code } = this;
    if (!code) return;
    if (z !== code.mean) {
      this.errors.clear("Where it errs: after your next line");
      return;
    }
    const [, height, width] = picture.shape;
    this.errors.show(code.image, picture.context.getImageData(0, 0, width, height).data);
  }

  recolour() {
    this.errors.recolour();
    this.pad.paint();
  }

  close() {
    this.pad.close();
  }

  /** It was opened, or folded away: then nothing of it lies on the map. */
  #open() {
    const { bundle } = this;
    if (!bundle) return;
    if (!this.lens) {
      const { space } = bundle;
      this.lens = new Lens(space);
      this.pad.setFrame(space.shape, this.lens.groundColour);
    }
    if (!this.element.open) this.onDraw(null);
    else if (this.code) this.#look(performance.now());
    else this.pad.paint();
  }

  /** @param {number} stamp  when the hand moved @param {boolean} [isAtOnce]  it has come to its end */
  #look(stamp, isAtOnce = true) {
    const { bundle, lens, pad: { drawing } } = this;
    this.undo.disabled = drawing.past.length === 0;
    this.clear.disabled = drawing.isEmpty;
    if (!bundle || !lens) return;
    const image = lens.see(drawing.sheet);
    if (!image) {
      this.#rest();
      return;
    }
    const since = performance.now();
    const { mean, logvar } = encoderOf(bundle).encode(
      Float32Array.from(image, (value) => value / 255),
      this.label(),
    );
    this.pace = performance.now() - since;
    this.code = { image, mean, logvar };
    this.seen.drawBytes(image);
    this.onDraw({ mean, logvar, samples: posteriorSamples(mean, logvar) });
    this.cursor.pin(mean, { stamp, isAtOnce });
  }

  /** Nothing is on the pad. */
  #rest() {
    this.code = null;
    this.undo.disabled = this.pad.drawing.past.length === 0;
    this.clear.disabled = true;
    this.seen.clear();
    this.errors.clear("Where it errs");
    this.onDraw(null);
  }
}

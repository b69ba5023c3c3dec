/** A picture of where a reconstruction is too bright or too dark, with its scale and its mean square below. */

import { element, setText } from "../dom/dom.js";
import { fixed } from "../dom/format.js";
import { Picture } from "../dom/pictures.js";
import { readTheme, resolveColour } from "../dom/theme.js";
import { colourErrors, compare, errorScale } from "./error-map.js";

/** @typedef {import("../dom/pictures.js").Shape} Shape */
/** @typedef {import("./error-map.js").Errors} Errors */

export class ErrorPicture {
  constructor() {
    this.picture = new Picture([1, 28, 28], { "aria-label": "The reconstruction's error" });
    this.text = element("span", {});
    this.scale = element("span", { class: "le-error-scale", "aria-hidden": "true" });
    this.element = element(
      "figure",
      {},
      this.picture.canvas,
      element(
        "figcaption",
        { class: "le-caption le-numbers" },
        this.text,
        this.scale,
        element(
          "span",
          { class: "le-error-words" },
          element("span", {}, "darker"),
          element("span", {}, "brighter"),
        ),
      ),
    );
    /** What is shown. @type {Errors | null} */
    this.found = null;
    /** The colour of no error in this theme, once it was asked for. @type {import("../dom/theme.js").Rgb | null} */
    this.neutral = null;
  }

  /** @param {Shape} shape */
  resize(shape) {
    this.picture.resize(shape);
  }

  /**
   * @param {ArrayLike<number>} original  bytes, (C, H, W)
   * @param {ArrayLike<number>} rgba      the reconstruction's bytes, (H, W, 4)
   * @returns {Errors}
   */
  show(original, rgba) {
    this.found = compare(original, rgba, this.picture.shape);
    this.#draw(this.found);
    return this.found;
  }

  /** There is nothing to compare. @param {string} why  in its caption's place */
  clear(why) {
    this.found = null;
    this.picture.clear();
    setText(this.text, why);
    this.picture.canvas.setAttribute("aria-label", `The reconstruction's error: ${why}`);
  }

  /** The theme changed. */
  recolour() {
    this.neutral = null;
    if (this.found) this.#draw(this.found);
  }

  /** @param {Errors} found */
  #draw(found) {
    const neutral = this.#askNeutral();
    const { context, canvas, shape: [, height, width] } = this.picture;
    context.putImageData(
      new ImageData(new Uint8ClampedArray(colourErrors(found, neutral)), width, height),
      0,
      0,
    );
    const { limit, meanSquare } = found;
    const text = `Error: ±${fixed(limit)}, mean square ${meanSquare.toFixed(3)}`;
    if (this.text.textContent === text) return;
    setText(this.text, text);
    canvas.setAttribute("aria-label", `${text}. Blue where too dark, orange where too bright`);
  }

  /** To ask the theme makes the page work out its styles: once for each will do. */
  #askNeutral() {
    if (!this.neutral) {
      const { dark, background } = readTheme(this.element);
      this.neutral = resolveColour(dark ? background : "#ffffff");
      this.scale.style.background = errorScale(this.neutral);
    }
    return this.neutral;
  }
}

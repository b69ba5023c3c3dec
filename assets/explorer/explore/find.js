/** Find an image: the latent whose picture comes nearest to it is searched, where no encoder gives images a place. */

import { ErrorPicture } from "../cursor/error-picture.js";
import { ImageChooser } from "../cursor/image-chooser.js";
import { element, setText } from "../dom/dom.js";
import { fixed } from "../dom/format.js";
import { Picture } from "../dom/pictures.js";
import { SAMPLES, searchLatent } from "../latent/search.js";
import { imageOf, labelOf } from "../latent/space.js";

/** @typedef {import("../latent/space.js").Space} Space */
/** @typedef {import("../latent/search.js").Found} Found */

/** Of the decoding service. */
const CHANNEL = "find";

/** Latents that are decoded between two looks at what else is wanted. */
const CHUNK = 16;

export class Find {
  /**
   * @param {import("../cursor/cursor.js").Cursor} cursor
   * @param {import("../decode/service.js").DecodeService} service
   */
  constructor(cursor, service) {
    this.cursor = cursor;
    this.service = service;
    /** @type {{space: Space, model: string} | null} */
    this.subject = null;
    /** Of the image that is searched, or was; -1: none yet. */
    this.index = -1;
    /** Grows with each search: an older one is not wanted any more. */
    this.search = 0;
    /** @param {string} label */
    const picture = (label) => new Picture([1, 28, 28], { "aria-label": label });
    this.original = picture("The image");
    this.made = picture("What was found");
    this.errors = new ErrorPicture();
    this.told = element("figcaption", { class: "le-caption le-numbers" }, "Found");
    this.outcome = element("p", { class: "le-caption le-numbers", role: "status" });
    this.pictures = element(
      "div",
      { class: "le-glass-pictures", hidden: true },
      element(
        "figure",
        {},
        this.original.canvas,
        element("figcaption", { class: "le-caption" }, "The image"),
      ),
      element("figure", {}, this.made.canvas, this.told),
      this.errors.element,
    );
    this.chooser = new ImageChooser("Find an image", (index) => this.begin(index, performance.now()));
    this.element = element(
      "section",
      { class: "le-find", "aria-label": "Find an image", "data-role": "find", hidden: true },
      element(
        "p",
        { class: "le-caption" },
        "This model has no encoder: nothing says where an image lies. Choose one below, and the latent whose " +
          `picture comes nearest to it is searched: from the best of ${SAMPLES} samples of the prior, step by step, ` +
          "against the error of the pixels. What it cannot make, it does not find.",
      ),
      this.pictures,
      this.outcome,
      this.chooser.element,
    );
  }

  /**
   * Take a model that the service knows; its images come with `fill`.
   *
   * @param {Space} space  whose images have no place
   * @param {Int32Array | null} labels  of its images
   * @param {string} model
   */
  make(space, labels, model) {
    const [c, h, w] = space.shape;
    const subject = { ...space, labels, count: space.images.length / (c * h * w) };
    this.subject = { space: subject, model };
    for (const each of [this.original, this.made, this.errors]) each.resize(space.shape);
    this.element.hidden = subject.count === 0;
  }

  /** Draw the images to choose from: later than what the hand is waiting for. */
  fill() {
    if (this.subject) this.chooser.fill(this.subject.space);
  }

  /** How many images there are to choose from. */
  get count() {
    return this.subject?.space.count ?? 0;
  }

  /** Search the latent of an image and pin it, unless another one is pinned meanwhile. @param {number} index @param {number} stamp */
  async begin(index, stamp) {
    const { subject } = this;
    if (!subject) return;
    const { space, model } = subject;
    const search = ++this.search;
    const { pinned } = this.cursor;
    this.index = index;
    this.chooser.mark([index]);
    this.pictures.hidden = false;
    const bytes = imageOf(space, index);
    const label = labelOf(space, index);
    this.original.drawBytes(bytes);
    this.original.canvas.setAttribute("aria-label", `The image: ${label || `image ${index}`}`);
    setText(this.outcome, `Trying ${SAMPLES} samples of the prior.`);
    const image = Float32Array.from(bytes, (byte) => byte / 255);
    const { found, sample } = await searchLatent((codes) => this.#decode(codes, model), image, space.dims, {
      seed: index + 1,
      onStep: (step) => this.#show(step, bytes),
    });
    if (search !== this.search) return;
    const isWanted = this.cursor.pinned === pinned;
    if (isWanted) this.cursor.pin(found.z, { stamp });
    const far = Math.hypot(...found.z);
    setText(
      this.outcome,
      `Found in ${found.steps} steps${isWanted ? ", and pinned" : ""}: mean square ${
        found.meanSquare.toFixed(3)
      }, where the best of ` +
        `${SAMPLES} samples has ${sample.meanSquare.toFixed(3)}. It lies ${fixed(far)} from the centre; ` +
        `samples of the prior about ${fixed(Math.sqrt(space.dims))}.`,
    );
  }

  /** The theme changed. */
  recolour() {
    this.errors.recolour();
  }

  close() {
    this.search += 1;
    this.service.cancel(CHANNEL);
  }

  /** @param {Found} step @param {Uint8Array} bytes  of the image */
  #show({ picture, meanSquare, steps }, bytes) {
    this.made.draw(picture);
    this.errors.show(bytes, this.made.image.data);
    setText(this.told, steps ? `Found, step ${steps}` : "The nearest sample");
    this.made.canvas.setAttribute("aria-label", `What was found, mean square ${meanSquare.toFixed(3)}`);
  }

  /**
   * A newer search takes the channel over: what an older one asked is then never answered.
   *
   * @param {Float32Array} codes  (N, D)
   * @param {string} model
   * @returns {Promise<Float32Array>} (N, C * H * W)
   */
  #decode(codes, model) {
    return new Promise((resolve) => {
      const parts = /** @type {Float32Array[]} */ ([]);
      this.service.request(CHANNEL, model, codes, CHUNK, ({ pixels, isLast }) => {
        if (pixels) parts.push(pixels);
        if (isLast) resolve(joined(parts));
      }, { isExact: true });
    });
  }
}

/** @param {Float32Array[]} parts @returns {Float32Array} */
function joined(parts) {
  if (parts.length === 1) return parts[0];
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

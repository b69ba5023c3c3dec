/**
 * Draw the latent under the hand as a large picture.
 *
 * A decoder that takes less than `FAST` runs right here, in the pointer's own frame; a slower one in the worker, which
 * then answers the newest request only.
 */

import { decoderWith, measureDecode } from "../decode/decoder.js";
import { Picture } from "../dom/pictures.js";

/** A decoder that takes less than this, in ms, runs in the pointer's own frame; at 60 Hz that has 16. */
const FAST = 6;

/** Of the decoding service: the picture of the latent under the hand comes before all others. */
const CHANNEL = "hover";

/** A decoder that was slow is measured again after so many ms: the machine may only have been busy. */
const SECOND_LOOKS = [1500, 6000];

export class DecodedPicture {
  /** @param {import("../decode/service.js").DecodeService} service */
  constructor(service) {
    this.service = service;
    this.picture = new Picture([1, 28, 28], {
      "data-role": "decoded",
      class: "le-picture le-decoded",
      "aria-label": "The picture that the model makes of the latent",
    });
    /** @type {import("../decode/decoder.js").Decoder | null} */
    this.decoder = null;
    this.isFast = true;
    this.model = "";
    /** The class that the decoder is told. */
    this.label = 0;
    /** The latent whose picture is drawn now. @type {Float32Array} */
    this.z = new Float32Array(0);
    /** From the hand's event to the first animation frame after the picture changed, in ms. */
    this.lastLatency = NaN;
    /** Pixels in [0, 1] of the picture that is drawn, (C * H * W,). */
    this.pixels = new Float32Array(0);
    /** @type {number[]} */
    this.timers = [];
    /** Told the latent whose picture has been drawn. @type {(z: Float32Array) => void} */
    this.onDrawn = () => {};
    this.tellFirst = () => {};
    /** Fulfilled when the first picture is drawn. @type {Promise<void>} */
    this.firstPicture = this.#expectPicture();
  }

  /** Keep room for pictures of this shape until there is a decoder. @param {import("../dom/pictures.js").Shape} shape */
  reserve(shape) {
    if (this.decoder && this.picture.shape.join() === shape.join()) return;
    this.picture.resize(shape);
  }

  /** The model is gone. */
  forget() {
    if (this.model) this.service.drop(this.model);
    this.service.cancel(CHANNEL);
    this.model = "";
    this.decoder = null;
    this.z = new Float32Array(0);
    this.picture.clear();
    this.firstPicture = this.#expectPicture();
  }

  close() {
    this.timers.forEach(clearTimeout);
  }

  /**
   * Take a model's decoder, or the same model's newer weights.
   *
   * @param {string} model
   * @param {import("../latent/space.js").ModelConfig} config
   * @param {import("../decode/decoder.js").Weights} weights
   * @throws {import("../data/safetensors.js").FormatError}
   */
  load(model, config, weights) {
    const isNew = this.model !== model;
    const decoder = decoderWith(isNew ? null : this.decoder, config, weights);
    if (isNew) this.service.cancel(CHANNEL);
    if (isNew && this.model) this.service.drop(this.model);
    this.model = model;
    this.decoder = decoder;
    if (isNew) this.label = 0;
    if (isNew) this.#measure();
    this.pixels = new Float32Array(decoder.size);
    const { shape } = this.picture;
    if (shape.join() !== config.image_shape.join()) this.picture.resize(config.image_shape);
    this.service.load(model, config, weights);
  }

  /** Tell the model this class from now on, here and wherever pictures of it are made. @param {number} label */
  tellClass(label) {
    this.label = label;
    this.service.tellClass(this.model, label);
  }

  /** @param {Float32Array} z @param {number} stamp  when the hand moved */
  draw(z, stamp) {
    if (!this.decoder || z.length !== this.decoder.dims) return;
    if (this.isFast) {
      this.service.cancel(CHANNEL); // an answer from when it was slow must not cover this
      this.picture.draw(this.decoder.decode(z, this.pixels, this.label));
      this.#drawn(z, stamp);
      return;
    }
    const { context } = this.picture;
    this.service.request(CHANNEL, this.model, z, 1, ({ rgba }) => {
      context.putImageData(new ImageData(rgba, this.picture.canvas.width, this.picture.canvas.height), 0, 0);
      this.#drawn(z, stamp);
    });
  }

  /**
   * Draw a picture that was decoded elsewhere, by newer weights than are here.
   *
   * @param {Uint8Array} bytes  (C * H * W,)
   * @param {Float32Array} z    whose picture it is
   */
  show(bytes, z) {
    this.service.cancel(CHANNEL);
    this.picture.drawBytes(bytes);
    this.pixels = Float32Array.from(bytes, (value) => value / 255);
    this.#drawn(z, performance.now());
  }

  /** @param {ArrayLike<number>} z @returns {Promise<Float32Array>} pixels in [0, 1] */
  decode(z) {
    const { decoder } = this;
    if (!decoder) return Promise.reject(new Error("There is no decoder yet."));
    if (z.length !== decoder.dims) {
      return Promise.reject(new Error(`A latent here has ${decoder.dims} numbers.`));
    }
    return Promise.resolve(decoder.decode(z, undefined, this.label));
  }

  #measure() {
    this.timers.forEach(clearTimeout);
    const look = () => {
      if (this.decoder) this.isFast ||= measureDecode(this.decoder) < FAST;
    };
    this.isFast = false;
    look();
    this.timers = this.isFast ? [] : SECOND_LOOKS.map((wait) => setTimeout(look, wait));
  }

  /** @returns {Promise<void>} */
  #expectPicture() {
    return new Promise((resolve) => {
      this.tellFirst = resolve;
    });
  }

  /** @param {Float32Array} z @param {number} stamp */
  #drawn(z, stamp) {
    this.z = z;
    this.tellFirst();
    this.onDrawn(z);
    requestAnimationFrame(() => {
      this.lastLatency = performance.now() - stamp;
    });
  }
}

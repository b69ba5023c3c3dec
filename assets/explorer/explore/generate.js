/**
 * Generate: a sheet of new images, decoded from latents that are drawn at a temperature, and how near each comes to an
 * image that exists. All of it is made here; nothing is asked of the server.
 */

import { element, setText } from "../dom/dom.js";
import { fixed } from "../dom/format.js";
import { SaveMenu } from "../dom/files/save-menu.js";
import { categorySamples } from "../latent/categories.js";
import { priorSamples } from "../latent/prior.js";
import { imageOf, labelOf } from "../latent/space.js";
import { Copies } from "./copies.js";
import { SampleChoices } from "./sample-choices.js";
import { sampleFiles } from "./sample-files.js";
import { SampleGrid } from "./sample-grid.js";

/** @typedef {import("../latent/space.js").Space} Space */

/** Of the decoding service. */
const CHANNEL = "generate";

export class Generate {
  /**
   * @param {import("../cursor/cursor.js").Cursor} cursor
   * @param {import("../decode/service.js").DecodeService} service
   * @param {(label: number) => void} onTellClass  the class of the sample that is pinned
   */
  constructor(cursor, service, onTellClass) {
    this.cursor = cursor;
    this.service = service;
    this.onTellClass = onTellClass;
    /** @type {{space: Space, model: string, name: string} | null} */
    this.subject = null;
    /** Drawn or on their way, (N, D). */
    this.z = new Float32Array(0);
    /** The class that each is told, (N,); none: no class is. */
    this.labels = new Int32Array(0);
    /** (N, C, H, W) in [0, 1]; empty until all are drawn. */
    this.pixels = new Float32Array(0);
    /** The image nearest to each, by its index; -1: not known. @type {number[]} */
    this.nearest = [];
    /** The pinned latent, if it is one of these. @type {Float32Array | null} */
    this.pinned = null;
    /** Whether they are within sight, or near. */
    this.isSeen = false;
    this.isBusy = false;
    /** Whether others are wanted than those on their way. */
    this.isBehind = true;
    /** Whoever waits until all that is wanted is drawn. @type {Array<() => void>} */
    this.waiting = [];
    this.grid = new SampleGrid((k, stamp) => this.#pick(k, stamp));
    this.copies = new Copies((k, found) => this.#showNearest(k, found), (error) => this.#tellUsual(error));
    this.caption = element("p", { class: "le-caption" });
    this.trouble = element("span", { class: "le-caption", role: "status" });
    this.about = element("span");
    this.usual = element("span");
    this.searched = element("p", { class: "le-caption", hidden: true }, this.about, " ", this.usual);
    this.menu = new SaveMenu(
      sampleFiles(() => this.#drawnSamples()),
      (sentence) => setText(this.trouble, sentence),
    );
    this.choices = new SampleChoices({
      onSheet: () => this.#remake(),
      onLatents: () => this.#draw(),
      onNearest: (isOn) => this.#showNearestImages(isOn),
    });
    this.element = element(
      "section",
      { class: "le-generate", "aria-label": "Generate", "data-role": "generate" },
      element("h2", {}, "Generate"),
      this.caption,
      element(
        "div",
        { class: "le-generate-tools" },
        ...this.choices.elements,
        this.trouble,
        this.menu.element,
      ),
      this.searched,
      this.grid.element,
    );
    // Whoever does not scroll here pays for nothing.
    this.observer = new IntersectionObserver(([...changes]) => {
      this.isSeen = changes[changes.length - 1].isIntersecting;
      if (this.isSeen && this.isBehind) this.#draw();
    }, { rootMargin: "200px" });
    this.unsubscribe = cursor.subscribe(({ pinned }) => {
      if (!this.pinned || pinned === this.pinned) return;
      this.pinned = null;
      this.grid.mark(-1);
    });
  }

  /**
   * Take a model that the service knows.
   *
   * @param {Space} space
   * @param {string} model
   * @param {string} name  for files
   */
  make(space, model, name) {
    this.subject = { space, model, name };
    const classes = Array.from({ length: space.config.n_classes }, (_, label) => className(space, label));
    this.copies.setImages(space);
    const { categories } = space.config;
    this.choices.make(classes, this.copies.count > 0, !categories);
    const source = categories
      ? "New images as this model makes them: decoded from words whose categories are drawn at random, all alike."
      : space.isGaussian
      ? "New images as this model makes them: decoded from z = T · ε, with ε drawn from the prior N(0, I)."
      : "Decoded from N(0, 1) all the same: this model has no prior, so no image need be near. z = T · ε, with ε from N(0, I).";
    setText(
      this.caption,
      source +
        (categories
          ? ""
          : " A temperature T below 1 keeps to the middle, where pictures are plainer and more " +
            "alike; above 1 it goes where training seldom went.") +
        " Click a picture to pin its latent.",
    );
    setText(this.usual, "");
    setText(
      this.about,
      `Right of each sample: the nearest of the ${this.copies.count} images on this model's map, with the mean squared ` +
        "error of their pixels, from 0 to 1. These images were held out of training as far as there were enough; the " +
        "training images themselves are not in the model's file, and are not searched.",
    );
    this.observer.observe(this.element);
    this.#remake();
  }

  close() {
    this.observer.disconnect();
    this.unsubscribe();
    this.copies.stop();
    this.menu.close();
  }

  /** There are more of them, or of other classes. */
  #remake() {
    const { subject, choices: { label, count, columns } } = this;
    if (!subject) return;
    const { space } = subject;
    const classes = space.config.n_classes;
    // Each class in turn: its samples stand together, as many as the others have.
    this.labels = Int32Array.from(
      { length: classes ? count : 0 },
      (_, k) => (label < 0 ? Math.floor((k * classes) / count) : label),
    );
    const names = Array.from({ length: count }, (_, k) => {
      const told = classes ? `, class ${className(space, this.labels[k])}` : "";
      return `Sample ${k + 1}${told}`;
    });
    this.grid.make(space.shape, names, columns);
    this.service.cancel(CHANNEL);
    this.isBusy = false;
    this.#draw();
  }

  #draw() {
    const { subject, choices: { count, columns, seed, temperature } } = this;
    this.isBehind = true;
    if (!subject || !this.isSeen || this.isBusy) return;
    this.isBehind = false;
    this.isBusy = true;
    this.copies.stop();
    const { space: { dims, shape, config: { categories } }, model } = subject;
    const z = categories
      ? categorySamples(count, dims, categories, seed)
      : priorSamples(count, dims, seed, temperature);
    const size = shape[0] * shape[1] * shape[2];
    const all = new Float32Array(count * size);
    const how = { isExact: true, label: this.labels.length ? this.labels : undefined };
    Object.assign(this, { z, pixels: new Float32Array(0), pinned: null });
    this.grid.mark(-1);
    this.service.request(CHANNEL, model, z, columns.wide, ({ start, pixels, isLast }) => {
      if (!pixels) return;
      all.set(pixels, start * size);
      for (let k = 0; k < pixels.length / size; k++) {
        this.grid.draw(start + k, pixels.subarray(k * size, (k + 1) * size));
      }
      if (!isLast) return;
      Object.assign(this, { pixels: all, isBusy: false });
      if (this.isBehind) {
        this.#draw();
        return;
      }
      this.#search();
      for (const tell of this.waiting.splice(0)) tell();
    }, how);
  }

  /** @param {boolean} isOn */
  #showNearestImages(isOn) {
    this.searched.hidden = !isOn;
    this.grid.showNearest(isOn);
    this.#search();
  }

  /** Look for the images nearest to what is drawn, if they are wanted. */
  #search() {
    this.copies.stop();
    this.nearest = Array(this.choices.count).fill(-1);
    if (this.grid.hasNearest && this.pixels.length) this.copies.search(this.pixels);
  }

  /** @param {number} k @param {import("../latent/nearest-image.js").NearestImage} found */
  #showNearest(k, { index, error }) {
    if (!this.subject) return;
    const { space } = this.subject;
    this.nearest[k] = index;
    const label = labelOf(space, index);
    const name = label ? `image ${index}, class ${label}` : `image ${index}`;
    this.grid.drawNearest(k, imageOf(space, index), name, fixed(error, 4));
  }

  /** @param {number} error  median distance of images to the nearest other */
  #tellUsual(error) {
    if (!Number.isFinite(error)) return;
    setText(
      this.usual,
      `For comparison: these images have ${fixed(error, 4)} to the nearest other, in the median.`,
    );
  }

  /** @param {number} k @param {number} stamp */
  #pick(k, stamp) {
    const { subject, z, labels } = this;
    if (!subject || !z.length) return;
    const { dims } = subject.space;
    if (labels.length) this.onTellClass(labels[k]);
    this.pinned = z.slice(k * dims, (k + 1) * dims);
    this.cursor.pin(this.pinned, { stamp });
    this.grid.mark(k);
  }

  /** Give what is drawn, once it is. @returns {Promise<import("./sample-files.js").DrawnSamples>} */
  async #drawnSamples() {
    while (!this.subject || !this.pixels.length) {
      await new Promise((/** @type {(value?: undefined) => void} */ resolve) => this.waiting.push(resolve));
    }
    const { subject: { space, name }, z, pixels, labels, nearest } = this;
    const { count, columns, label, seed, temperature } = this.choices;
    const told = labels.length && label >= 0 ? `-class${label}` : "";
    return {
      shape: space.shape,
      columns: columns.wide,
      z,
      pixels,
      labels: labels.length ? labels : null,
      nearest: nearest.map((index) => (index < 0 ? null : imageOf(space, index))),
      stem: `${name}-samples-${count}${told}${space.config.categories ? "" : `-t${temperature}`}-seed${seed}`,
    };
  }
}

/** @param {Space} space @param {number} label @returns {string} */
function className({ labelNames }, label) {
  return labelNames[label] ?? String(label);
}

/** Interpolate: two real images, the walk between their codes, and the plain blend of their pixels beside it. */

import { loadBundle } from "./bundle.js";
import { element, setText } from "./dom.js";
import { Gallery } from "./gallery.js";
import { interpolate } from "./latent.js";
import { MapPanel } from "./map-panel.js";
import { fixed } from "./numbers.js";
import { Painter } from "./painter.js";
import { Picture, Sheet } from "./pixels.js";
import { nearestPoints } from "./projection.js";
import { Readout } from "./readout.js";
import { codeOf, imageOf, labelOf } from "./space.js";
import { Walk } from "./walk.js";

/** @typedef {import("./explorer.js").ViewContext} ViewContext */

const ROWS = {
  linear: { title: "Linear", caption: "the straight line from code to code" },
  slerp: { title: "Slerp", caption: "an arc around the centre, which keeps about the same distance from it" },
  pixels: { title: "Pixel blend", caption: "no model at all: one picture fades into the other" },
};
const MOST_STEPS = 200;

export class InterpolateView {
  /** @param {ViewContext} context */
  constructor(context) {
    const { service, data } = context;
    this.context = context;
    this.isReady = false;
    this.frames = 0;
    this.bundle = null;
    /** Probe images: where the walk starts and where it ends. @type {[number, number]} */
    this.ends = [0, 0];
    /** Which end the next choice is for. */
    this.choosing = 0;
    this.method = "linear";
    this.steps = 11;
    this.walk = new Walk(new Float32Array(0));
    this.painter = new Painter(service);
    this.walk.subscribe((move) => this.painter.paint(move.z, move.stamp));
    this.readout = new Readout(this.walk);
    this.panel = new MapPanel({
      walk: this.walk,
      plotlyUrl: data.plotly,
      onPick: (x, y) => this.#pickOnMap(x, y),
      onAxes: () => this.#drawPath(),
      help: "Click a dot to choose it for the end that is marked; Ctrl and the wheel zoom, dragging pans.",
    });
    this.gallery = new Gallery((index) => this.#choose(index));
    this.cards = [0, 1].map((end) => this.#card(end));
    this.progress = element("input", {
      type: "range", min: "0", max: "1", step: "0.002", value: "0", class: "le-progress-slider",
      "aria-label": "Place on the way",
      input: (event) => this.#goTo(this.progress.valueAsNumber, event.timeStamp),
    });
    this.rows = Object.fromEntries(Object.entries(ROWS).map(([name, words]) => [name, this.#row(name, words)]));
    this.element = element(
      "div", { class: "le-interpolate" },
      this.panel.element,
      element(
        "div", { class: "le-side" },
        element("div", { class: "le-ends" }, this.cards[0].element, this.cards[1].element),
        element(
          "div", { class: "le-buttons" },
          element("button", { type: "button", click: () => this.#random() }, "Two at random"),
          element("button", { type: "button", click: () => this.#setEnds([this.ends[1], this.ends[0]], true) }, "Swap"),
        ),
        element(
          "figure", { class: "le-decoded-figure" },
          this.painter.picture.canvas,
          element("label", { class: "le-way" }, element("span", {}, "From"), this.progress, element("span", {}, "To")),
          this.readout.element,
        ),
      ),
      element("section", { class: "le-rows", "aria-label": "The walk" }, ...Object.values(this.rows).map((row) => row.element)),
      this.gallery.element,
    );
  }

  get map() {
    return this.panel.map;
  }

  async open() {
    this.bundle = await loadBundle(this.context.data.bundle);
    if (this.isClosed) return;
    const { data } = this.context;
    const { space, weights } = this.bundle;
    this.painter.load(data.bundle.url, space.config, weights);
    this.readout.read(space);
    for (const { original, decoded } of this.cards) {
      original.resize(space.shape);
      decoded.resize(space.shape);
    }
    this.#read(data);
    const [from, to] = firstPair(space);
    const given = data.interpolation ?? {};
    this.#hearEnds(given);
    this.ends = [acceptedIndex(given.from, space) ?? from, acceptedIndex(given.to, space) ?? to];
    this.walk.start(codeOf(space, this.ends[0]));
    this.painter.paint(this.walk.z, performance.now());
    this.panel.show(space, data.axes);
    this.#showEnds();
    this.walk.repeat();
    this.gallery.show(space);
    this.gallery.mark(this.ends);
    await this.painter.firstPicture;
    this.isReady = true;
  }

  /** @param {import("./explorer.js").ExplorerData} data */
  update(data) {
    this.context.data = data;
    if (!this.bundle) return;
    const { space } = this.bundle;
    const [method, steps] = [this.method, this.steps];
    this.#read(data);
    const given = data.interpolation ?? {};
    const news = this.#hearEnds(given);
    if (news[0] || news[1]) {
      const pair = firstPair(space);
      const wanted = [given.from, given.to].map((index, end) => (news[end] ? (acceptedIndex(index, space) ?? pair[end]) : this.ends[end]));
      this.#setEnds(/** @type {[number, number]} */ (wanted), false);
    } else if (method !== this.method || steps !== this.steps) {
      this.#drawRows();
    }
  }

  close() {
    this.isClosed = true;
    for (const part of [this.walk, this.painter, this.readout, this.panel]) part.close();
  }

  #hearEnds(given) {
    const { reporter } = this.context;
    return [reporter.hear("from", given.from ?? null), reporter.hear("to", given.to ?? null)];
  }

  #read(data) {
    const { method, steps } = data.interpolation ?? {};
    this.method = method === "slerp" ? "slerp" : "linear";
    this.steps = Math.min(MOST_STEPS, Math.max(2, Math.round(steps || 11)));
    for (const [name, row] of Object.entries(this.rows)) row.element.classList.toggle("le-row-chosen", name === this.method);
  }

  /** @param {number} end  0: from, 1: to */
  #card(end) {
    const word = ["From", "To"][end];
    const original = new Picture([1, 28, 28], { "aria-label": `${word}: the real image` });
    const decoded = new Picture([1, 28, 28], { "aria-label": `${word}: its reconstruction` });
    const name = element("span", { class: "le-end-name" });
    const card = element(
      "button",
      { type: "button", class: "le-end", "aria-pressed": String(end === 0), title: "Click, then choose an image for this end", click: () => this.#aimAt(end) },
      element("span", { class: "le-end-word" }, word, " ", name),
      element("span", { class: "le-end-pictures" },
        element("span", {}, original.canvas, element("span", { class: "le-caption" }, "image")),
        element("span", {}, decoded.canvas, element("span", { class: "le-caption" }, "decoded"))),
    );
    return { element: card, original, decoded, name };
  }

  /** @param {string} name @param {{title: string, caption: string}} words */
  #row(name, { title, caption }) {
    const sheet = new Sheet([1, 28, 28], 2, 1, { "aria-label": `${title}: ${caption}`, "data-role": `row-${name}` });
    const show = (event) => {
      const box = sheet.canvas.getBoundingClientRect();
      const step = sheet.at((event.clientX - box.left) / box.width, 0);
      this.#goTo(step / (this.steps - 1), event.timeStamp, name === "pixels" ? this.method : name);
    };
    if (name !== "pixels") sheet.canvas.addEventListener("pointermove", show);
    sheet.canvas.addEventListener("pointerdown", show);
    const save = element("button", { type: "button", class: "le-quiet", click: () => this.#save(name, sheet.canvas) }, "Save as PNG");
    return {
      sheet,
      element: element(
        "figure", { class: "le-row" },
        element("figcaption", {}, element("strong", {}, title), " ", element("span", { class: "le-caption" }, caption), save),
        element("div", { class: "le-row-pictures" }, sheet.canvas),
      ),
    };
  }

  #aimAt(end) {
    this.choosing = end;
    this.cards.forEach((card, n) => card.element.setAttribute("aria-pressed", String(n === end)));
  }

  #choose(index) {
    const ends = /** @type {[number, number]} */ ([...this.ends]);
    ends[this.choosing] = index;
    this.#aimAt(1 - this.choosing);
    this.#setEnds(ends, true);
  }

  #pickOnMap(x, y) {
    const { indices } = nearestPoints([x, y], this.map.positions, 1);
    if (indices.length) this.#choose(indices[0]);
    return true;
  }

  #random() {
    const { count } = this.bundle.space;
    const from = Math.floor(Math.random() * count);
    const to = count > 1 ? (from + 1 + Math.floor(Math.random() * (count - 1))) % count : from;
    this.#setEnds([from, to], true);
  }

  /** @param {[number, number]} ends @param {boolean} isChosen  by hand, so that Python is told */
  #setEnds(ends, isChosen) {
    this.ends = ends;
    this.progress.value = "0";
    this.walk.start(codeOf(this.bundle.space, ends[0]));
    this.#showEnds();
    this.gallery.mark(ends);
    if (!isChosen) return;
    this.context.reporter.report("from", ends[0]);
    this.context.reporter.report("to", ends[1]);
  }

  #showEnds() {
    const { space } = this.bundle;
    this.cards.forEach(({ original, decoded, name }, end) => {
      const index = this.ends[end];
      original.showBytes(imageOf(space, index));
      decoded.show(this.painter.decoder.decode(codeOf(space, index)));
      setText(name, labelOf(space, index) || `image ${index}`);
    });
    this.#drawRows();
  }

  #drawRows() {
    const { space } = this.bundle;
    const { steps } = this;
    const [from, to] = this.ends.map((index) => codeOf(space, index));
    for (const { sheet } of Object.values(this.rows)) {
      if (sheet.columns !== steps || sheet.shape.join() !== space.shape.join()) sheet.resize(space.shape, steps, 1);
      sheet.canvas.style.setProperty("--le-columns", String(steps));
    }
    const codes = new Float32Array(2 * steps * space.dims);
    codes.set(interpolate(from, to, steps, "linear"), 0);
    codes.set(interpolate(from, to, steps, "slerp"), steps * space.dims);
    this.context.service.request("rows", this.context.data.bundle.url, codes, steps, ({ start, rgba }) => {
      (start === 0 ? this.rows.linear : this.rows.slerp).sheet.drawRgba(0, rgba);
    });
    this.#drawBlend();
    this.#drawPath();
  }

  #drawBlend() {
    const { space } = this.bundle;
    const [from, to] = this.ends.map((index) => imageOf(space, index));
    const blend = new Float32Array(from.length);
    for (let step = 0; step < this.steps; step++) {
      const t = step / (this.steps - 1);
      for (let p = 0; p < blend.length; p++) blend[p] = from[p] * (1 - t) + to[p] * t;
      this.rows.pixels.sheet.draw(step, blend, 1);
    }
  }

  #drawPath() {
    const { space } = this.bundle;
    const [from, to] = this.ends.map((index) => codeOf(space, index));
    const codes = interpolate(from, to, this.steps, this.method);
    this.map.drawPath(this.panel.axes.place(codes));
  }

  /** Show the picture at a share of the way. @param {number} t @param {number} stamp @param {string} [method] */
  #goTo(t, stamp, method = this.method) {
    const { space } = this.bundle;
    const [from, to] = this.ends.map((index) => codeOf(space, index));
    const fine = 501;
    const at = Math.round(t * (fine - 1));
    const z = interpolate(from, to, fine, /** @type {any} */ (method)).slice(at * space.dims, (at + 1) * space.dims);
    this.progress.value = String(t);
    this.progress.setAttribute("aria-valuetext", `${fixed(100 * t, 0)} % of the way`);
    this.walk.pin(z, { stamp });
  }

  #save(name, canvas) {
    canvas.toBlob((blob) => {
      if (!blob) return;
      const url = URL.createObjectURL(blob);
      element("a", { href: url, download: `${this.bundle.name}-${this.ends.join("-")}-${name}.png` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    });
  }
}

/** @param {any} index @param {import("./space.js").Space} space @returns {number | null} */
function acceptedIndex(index, space) {
  return Number.isInteger(index) && index >= 0 && index < space.count ? index : null;
}

/**
 * Choose two images to begin with: the first one, and of some others of other classes the one with the farthest code.
 *
 * @param {import("./space.js").Space} space
 * @returns {[number, number]}
 */
function firstPair(space) {
  const { labels, mean, dims } = space;
  const hasOthers = labels !== null && labels.subarray(0, 100).some((label) => label !== labels[0]);
  let [farthest, to] = [-1, 0];
  for (let n = 1; n < Math.min(space.count, 100); n++) {
    if (hasOthers && labels[n] === labels[0]) continue;
    let square = 0;
    for (let d = 0; d < dims; d++) square += (mean[n * dims + d] - mean[d]) ** 2;
    if (square > farthest) [farthest, to] = [square, n];
  }
  return [0, to];
}

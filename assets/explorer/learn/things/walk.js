/**
 * Walk: from one code to another in a straight line or on an arc, and from one picture to another by their pixels; how
 * far from the centre each step is, and what share of the prior lies further out.
 */

import { loadBundle } from "../../data/bundle.js";
import { Decoder } from "../../decode/decoder.js";
import { element, setText, textButton } from "../../dom/dom.js";
import { Picture, Sheet } from "../../dom/pictures.js";
import { between, gaussian, interpolate } from "../../latent/codes.js";
import { codeOf, imageOf } from "../../latent/space.js";
import { shareFurtherOut } from "../../latent/typicality.js";
import { firstPair } from "../../interpolate/first-pair.js";
import { ChoiceButtons } from "./parts/choice-buttons.js";
import { drawDot, Drawing, drawLine } from "./parts/drawing.js";

/** @typedef {import("./thing.js").ThingContext} ThingContext */
/** @typedef {import("./parts/drawing.js").Frame} Frame */

/** Pictures in a row. */
const STEPS = 9;
/** Points of a curve. */
const CURVE = 41;
/** Shares of the prior further out at the edges of the shell that is drawn. */
const SHELL = [0.95, 0.05];

/** @typedef {{code: Float32Array, picture: Float32Array}} End  a picture in [0, 1] */

export class WalkThing {
  /** @param {ThingContext} context */
  constructor(context) {
    this.context = context;
    /** @type {import("../../data/bundle.js").Bundle | null} */
    this.bundle = null;
    /** @type {Decoder | null} */
    this.decoder = null;
    /** @type {"images" | "prior"} */
    this.kind = "images";
    this.t = 0;
    this.pair = 0;
    /** @type {[End, End] | null} */
    this.ends = null;
    this.isClosed = false;
    this.kinds = new ChoiceButtons(
      "Between what to walk",
      [["images", "Two real images"], ["prior", "Two draws from the prior"]],
      (kind) => this.#choose(kind, true),
    );
    this.another = textButton("Another pair", "Walk between two others", () => this.#choose(this.kind, true));
    this.pictures = {
      from: new Picture([1, 28, 28], { "aria-label": "Where the walk starts", "data-quantity": "from" }),
      pixels: new Picture([1, 28, 28], { "aria-label": "The plain blend of the two pictures' pixels" }),
      line: new Picture([1, 28, 28], {
        "aria-label": "The straight walk's picture",
        "data-quantity": "line",
      }),
      arc: new Picture([1, 28, 28], { "aria-label": "The arc's picture", "data-quantity": "arc" }),
      to: new Picture([1, 28, 28], { "aria-label": "Where the walk ends", "data-quantity": "to" }),
    };
    this.way = element("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "0.01",
      value: "0",
      class: "le-progress-slider",
      "aria-label": "Place on the way",
      "data-quantity": "t",
      input: () => {
        this.t = this.way.valueAsNumber;
        this.#draw();
        this.context.onHand();
      },
    });
    this.rows = {
      pixels: new Sheet([1, 28, 28], STEPS, 1, { "aria-label": "The blend of pixels, step by step" }),
      line: new Sheet([1, 28, 28], STEPS, 1, { "aria-label": "The straight walk, step by step" }),
      arc: new Sheet([1, 28, 28], STEPS, 1, { "aria-label": "The arc, step by step" }),
    };
    this.chart = new Drawing("Distance from the centre along the walk", (frame) => this.#paint(frame), {
      class: "le-walk-chart",
    });
    const figure = (/** @type {Picture} */ picture, /** @type {string} */ caption) =>
      element("figure", {}, picture.canvas, element("figcaption", { class: "le-fine" }, caption));
    const row = (/** @type {Sheet} */ sheet, /** @type {string} */ caption) =>
      element("div", { class: "le-learn-row" }, element("span", { class: "le-fine" }, caption), sheet.canvas);
    this.element = element(
      "div",
      { class: "le-thing le-thing-walk" },
      element("div", { class: "le-buttons", "data-part": "ends" }, this.kinds.element, this.another),
      element(
        "div",
        { class: "le-learn-pictures" },
        figure(this.pictures.from, "from"),
        figure(this.pictures.pixels, "pixel blend"),
        figure(this.pictures.line, "straight line"),
        figure(this.pictures.arc, "arc (slerp)"),
        figure(this.pictures.to, "to"),
      ),
      element("div", { "data-part": "way", class: "le-learn-way" }, this.way),
      row(this.rows.pixels, "pixels"),
      row(this.rows.line, "line"),
      row(this.rows.arc, "arc"),
      this.chart.canvas,
    );
  }

  async open() {
    const { bundle: source } = this.context.data;
    if (!source) throw new Error("There is no model to walk in.");
    this.bundle = await loadBundle(source);
    if (this.isClosed) return;
    const { space, weights } = this.bundle;
    this.decoder = new Decoder(space.config, weights);
    this.context.service.load(source.url, space.config, weights);
    for (const picture of Object.values(this.pictures)) picture.resize(space.shape);
    for (const sheet of Object.values(this.rows)) sheet.resize(space.shape, STEPS, 1);
    this.#choose(this.kind, false);
  }

  /** @param {import("../../data/lesson.js").Settings} settings */
  set({ ends }) {
    if ((ends === "images" || ends === "prior") && ends !== this.kind) this.#choose(ends, false);
  }

  /** @returns {import("../../data/lesson.js").Values} of its quantities */
  get values() {
    if (!this.ends) return {};
    const [from, to] = this.ends.map(({ code }) => code);
    const line = between(from, to, this.t, "linear");
    const arc = between(from, to, this.t, "slerp");
    const [a, b] = [Math.hypot(...from), Math.hypot(...to)];
    const dot = from.reduce((sum, value, d) => sum + value * to[d], 0);
    return {
      t: this.t,
      from: a,
      to: b,
      line: Math.hypot(...line),
      arc: Math.hypot(...arc),
      line_share: shareFurtherOut(line),
      arc_share: shareFurtherOut(arc),
      ends_share: (shareFurtherOut(from) + shareFurtherOut(to)) / 2,
      line_ratio: Math.hypot(...line) / ((a + b) / 2),
      angle: (180 / Math.PI) * Math.acos(Math.min(1, Math.max(-1, dot / (a * b)))),
      is_prior: Number(this.kind === "prior"),
      pair: this.pair,
    };
  }

  /** The two ends' codes, (D,) each. @returns {number[][]} */
  get codes() {
    return (this.ends ?? []).map(({ code }) => Array.from(code));
  }

  recolour() {
    this.chart.draw();
  }

  close() {
    this.isClosed = true;
    this.chart.close();
  }

  /** Walk between two others. @param {"images" | "prior"} kind @param {boolean} isByHand */
  #choose(kind, isByHand) {
    const { bundle, decoder } = this;
    const isFirst = !this.ends;
    this.kind = kind;
    this.kinds.mark(kind);
    if (!bundle || !decoder) return;
    const { space } = bundle;
    if (kind === "images") {
      const [from, to] = isFirst ? firstPair(space) : randomPair(space, this.context.random);
      const end = (/** @type {number} */ index) => ({
        code: codeOf(space, index),
        picture: Float32Array.from(imageOf(space, index), (byte) => byte / 255),
      });
      this.ends = [end(from), end(to)];
    } else {
      const end = () => {
        const code = Float32Array.from({ length: space.dims }, () => gaussian(this.context.random));
        return { code, picture: decoder.decode(code).slice() };
      };
      this.ends = [end(), end()];
    }
    this.pair += 1;
    this.pictures.from.draw(this.ends[0].picture);
    this.pictures.to.draw(this.ends[1].picture);
    this.#drawRows();
    this.#draw();
    if (isByHand) this.context.onHand();
    else this.context.onChange();
  }

  #drawRows() {
    const { ends, rows } = this;
    const { bundle: source } = this.context.data;
    if (!ends || !source) return;
    const [from, to] = ends;
    for (let step = 0; step < STEPS; step++) {
      rows.pixels.draw(step, blend(from.picture, to.picture, step / (STEPS - 1)), 255);
    }
    for (const [name, method] of /** @type {const} */ ([["line", "linear"], ["arc", "slerp"]])) {
      const codes = interpolate(from.code, to.code, STEPS, method);
      this.context.service.request(`walk-${name}`, source.url, codes, STEPS, ({ start, rgba }) => {
        rows[name].drawRgba(start, rgba);
      });
    }
  }

  #draw() {
    const { ends, decoder, pictures, t } = this;
    if (!ends || !decoder) return;
    const [from, to] = ends;
    pictures.pixels.draw(blend(from.picture, to.picture, t));
    pictures.line.draw(decoder.decode(between(from.code, to.code, t, "linear")));
    pictures.arc.draw(decoder.decode(between(from.code, to.code, t, "slerp")));
    setText(this.another, this.kind === "prior" ? "Draw another pair" : "Another pair");
    this.chart.draw();
  }

  /** @param {Frame} frame */
  #paint({ context, width, height, theme }) {
    const { ends, bundle, t } = this;
    if (!ends || !bundle) return;
    const { dims } = bundle.space;
    const shell = SHELL.map((share) => radiusWith(dims, share));
    const lengths = (/** @type {"linear" | "slerp"} */ method) =>
      Array.from(
        { length: CURVE },
        (_, k) => Math.hypot(...between(ends[0].code, ends[1].code, k / (CURVE - 1), method)),
      );
    const [line, arc] = [lengths("linear"), lengths("slerp")];
    const top = 1.08 * Math.max(shell[1], ...line, ...arc);
    const [left, right, low, high] = [34, width - 8, height - 22, 8];
    const x = (/** @type {number} */ share) => left + share * (right - left);
    const y = (/** @type {number} */ length) => low - (length / top) * (low - high);
    context.fillStyle = theme.accent;
    context.globalAlpha = theme.dark ? 0.25 : 0.14;
    context.fillRect(left, y(shell[1]), right - left, y(shell[0]) - y(shell[1]));
    context.globalAlpha = 1;
    drawLine(context, [[left, high], [left, low], [right, low]], theme.line, { width: 1 });
    const points = (/** @type {number[]} */ of) =>
      of.map((length, k) => /** @type {[number, number]} */ ([x(k / (CURVE - 1)), y(length)]));
    drawLine(context, points(arc), theme.muted, { dash: [6, 4] });
    drawLine(context, points(line), theme.accent);
    drawLine(context, [[x(t), high], [x(t), low]], theme.muted, { width: 1 });
    drawDot(context, x(t), y(at(arc, t)), 4, theme.muted);
    drawDot(context, x(t), y(at(line, t)), 5, theme.accent);
    context.fillStyle = theme.muted;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const length of [0, Math.floor(shell[0]), Math.ceil(shell[1])]) {
      if (length < top) context.fillText(String(length), left - 6, y(length));
    }
    context.textAlign = "left";
    context.fillText("distance from the centre; shaded: 90 % of the prior's draws", left + 8, y(0) - 9);
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillText("— line   - - arc", (left + right) / 2, height);
  }
}

/** @param {number[]} curve @param {number} t @returns {number} its value there, between its points */
function at(curve, t) {
  const place = t * (curve.length - 1);
  const k = Math.min(curve.length - 2, Math.floor(place));
  return curve[k] + (place - k) * (curve[k + 1] - curve[k]);
}

/**
 * @param {number} dims
 * @param {number} share  of the prior that is to lie further out
 * @returns {number} the distance from the centre beyond which it lies
 */
export function radiusWith(dims, share) {
  let [near, far] = [0, Math.sqrt(dims) + 8];
  const axis = new Float32Array(dims);
  for (let k = 0; k < 40; k++) {
    const middle = (near + far) / 2;
    axis[0] = middle;
    if (shareFurtherOut(axis) > share) near = middle;
    else far = middle;
  }
  return near;
}

/** @param {Float32Array} from @param {Float32Array} to @param {number} t @returns {Float32Array} pixels in [0, 1] */
function blend(from, to, t) {
  return from.map((value, p) => (1 - t) * value + t * to[p]);
}

/**
 * @param {import("../../latent/space.js").Space} space
 * @param {() => number} random
 * @returns {[number, number]} two images, of two classes if there are some
 */
function randomPair({ count, labels }, random) {
  const from = Math.floor(random() * count);
  const others = Array.from({ length: count }, (_, n) => n)
    .filter((n) => n !== from && (!labels || labels[n] !== labels[from]));
  return [from, others[Math.floor(random() * others.length)] ?? from];
}

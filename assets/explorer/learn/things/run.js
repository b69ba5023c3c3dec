/**
 * Run: a model that the learner trains, with what the lesson wants to be seen of it: a living map, the two terms as
 * bars, the KL of each dimension, pictures, one image's code in the hand, and a mark for each run that came to its end.
 */

import { Cursor } from "../../cursor/cursor.js";
import { DecodedPicture } from "../../cursor/picture.js";
import { element, setText, textButton } from "../../dom/dom.js";
import { fixed, short } from "../../dom/format.js";
import { Picture } from "../../dom/pictures.js";
import { codeOf, imageOf } from "../../latent/space.js";
import { aggregatePosterior } from "../../latent/posterior.js";
import { LatentMap } from "../../map/drawing/map.js";
import { makeAxes } from "../../map/scene/axes.js";
import { makeColouring } from "../../map/scene/colouring.js";
import { RunPictures } from "../../train/run-pictures.js";
import { ChoiceButtons } from "./parts/choice-buttons.js";
import { drawDot, Drawing, drawLine } from "./parts/drawing.js";
import { RunFeed } from "./run-feed.js";

/** @typedef {import("./thing.js").ThingContext} ThingContext */
/** @typedef {import("../../data/run.js").Run} Run */
/** @typedef {import("../../data/lesson.js").Values} Values */
/** @typedef {import("./parts/drawing.js").Frame} Frame */

/** A dimension is in use when the variance of its means over images exceeds this (arXiv:1509.00519). */
const ACTIVE = 0.01;
/** Images to choose one from. */
const GALLERY = 10;
/** How far the sliders of a code reach, in deviations of the images' codes. */
const REACH = 3;

/** What a setting's choices are called. @type {Record<string, string>} */
const NAMES = {
  beta: "Beta",
  latent_dim: "Numbers in the code",
  free_bits: "Free bits",
  beta_warmup_epochs: "Warm-up epochs",
};

export class RunThing {
  /** @param {ThingContext} context */
  constructor(context) {
    const { lesson, data, service } = context;
    const { training, show } = lesson;
    if (!training) throw new Error("This lesson trains nothing.");
    this.context = context;
    this.training = training;
    this.show = new Set(show.length ? show : ["map", "terms", "dimensions", "pictures", "code", "trace"]);
    /** What the learner chose, by the settings' names. @type {Record<string, number>} */
    this.chosen = Object.fromEntries(
      Object.entries(training.choices).map(([name, values]) => [name, Number(values[0])]),
    );
    /** The learner's runs that came to their end, the oldest first. @type {Values[]} */
    this.history = [];
    this.isMapLaid = false;
    this.image = 0;
    /** How often a number of the code was moved by hand. */
    this.moves = 0;
    this.choices = Object.entries(training.choices).map(([name, values]) => ({
      name,
      buttons: new ChoiceButtons(
        NAMES[name] ?? name,
        // The first is the one to begin with; they stand by size.
        [...values].sort((a, b) => Number(a) - Number(b)).map((value) => [Number(value), String(value)]),
        (value) => this.#choose(name, value, true),
        { "data-part": name, "data-quantity": name },
      ),
    }));
    this.start = textButton("Train", "Train a new model with these settings", () => this.#start());
    this.start.classList.add("le-learn-main");
    this.status = element("span", { class: "le-caption", role: "status" });
    this.trouble = element("p", { class: "le-caption", role: "alert" });
    this.hand = new Cursor(new Float32Array(0));
    this.picture = new DecodedPicture(service);
    this.hand.subscribe(({ z, stamp }) => this.picture.draw(z, stamp));
    this.latentMap = new LatentMap({
      cursor: this.hand,
      plotlyUrl: data.plotly,
      description: "Map of the run's latent space: each dot is an image.",
      onTrouble: (sentence) => setText(this.trouble, sentence),
      onTouch: () => this.feed.touch(),
    });
    this.latentMap.element.classList.add("le-unlaid");
    this.terms = new Drawing("Reconstruction and KL", (frame) => this.#paintTerms(frame));
    this.bars = new Drawing("KL of each dimension", (frame) => this.#paintDimensions(frame));
    this.trace = new Drawing("Your runs", (frame) => this.#paintTrace(frame), { class: "le-trace" });
    this.pictures = new RunPictures();
    this.code = this.#makeCode();
    this.feed = new RunFeed({
      onBegin: (run) => this.#begin(run),
      onCodes: (run, index) => this.#moveCodes(run, index),
      onFacts: (run, file) => this.#drawFacts(run, file),
      onWeights: (run) => this.#decodeBy(run),
      onEnd: () => this.#end(),
      onTrouble: (sentence) => setText(this.trouble, sentence),
    });
    const has = (/** @type {string} */ name, /** @type {HTMLElement[]} */ ...parts) =>
      this.show.has(name) ? parts : [];
    this.element = element(
      "div",
      { class: "le-thing le-thing-run" },
      element(
        "div",
        { class: "le-learn-settings" },
        ...this.choices.map(({ name, buttons }) =>
          element(
            "div",
            { class: "le-learn-setting" },
            element("span", { class: "le-caption" }, NAMES[name] ?? name),
            buttons.element,
          )
        ),
        element("div", { class: "le-buttons", "data-part": "train" }, this.start),
      ),
      this.status,
      this.trouble,
      element(
        "div",
        { class: "le-learn-parts" },
        ...has(
          "map",
          element(
            "div",
            { class: "le-learn-map", "data-part": "map" },
            this.latentMap.element,
          ),
        ),
        ...has(
          "map",
          element(
            "figure",
            { class: "le-learn-decoded" },
            this.picture.picture.canvas,
            element("figcaption", { class: "le-fine" }, "decoded under the hand"),
          ),
        ),
        ...has("code", this.code.element),
        ...has("terms", element("div", { "data-part": "terms" }, this.terms.canvas)),
        ...has("dimensions", element("div", { "data-part": "dimensions" }, this.bars.canvas)),
        ...has("trace", element("div", { "data-part": "trace" }, this.trace.canvas)),
        ...has("pictures", this.pictures.reconstructions, this.pictures.samples),
      ),
    );
    for (const { name } of this.choices) this.#mark(name);
  }

  get map() {
    return this.latentMap;
  }

  get decoded() {
    return this.picture;
  }

  open() {
    this.update(this.context.data);
    return Promise.resolve();
  }

  /** @param {import("../../view.js").ExplorerData} data */
  update(data) {
    this.feed.watch(data.stream);
    if (data.trouble) this.start.disabled = false;
  }

  /** @param {import("../../data/lesson.js").Settings} settings */
  set(settings) {
    for (const [name, value] of Object.entries(settings)) {
      if (name in this.chosen) this.#choose(name, Number(value), false);
    }
  }

  /** @returns {Values} of its quantities, as the newest message has them */
  get values() {
    const { run } = this.feed;
    const runs = this.history.length;
    if (!run) return { ...this.chosen, runs, moves: this.moves };
    const { curves } = run.readings;
    const latest = (/** @type {string} */ name) =>
      curves[name]?.test.latest ?? curves[name]?.train.latest ?? NaN;
    const reconstruction = -latest("log_likelihood");
    const kl = run.space.isGaussian ? latest("kl") : NaN;
    const beta = Number(this.#setting("beta", 1));
    return {
      ...this.chosen,
      runs,
      moves: this.moves,
      beta,
      latent_dim: run.space.dims,
      free_bits: Number(this.#setting("free_bits", 0)),
      beta_warmup_epochs: Number(this.#setting("beta_warmup_epochs", 0)),
      epoch: run.now.epoch,
      is_done: Number(run.now.state === "done"),
      reconstruction,
      kl,
      elbo: -reconstruction - kl,
      // With free bits each dimension's KL counts otherwise, and by batches: that sum is not sent.
      loss: Number(this.#setting("free_bits", 0)) > 0 ? NaN : reconstruction + beta * kl,
      active: run.hasCodes ? activeDimensions(run) : NaN,
      error: this.#error(run),
    };
  }

  recolour() {
    this.latentMap.recolourAll();
    for (const drawing of [this.terms, this.bars, this.trace]) drawing.draw();
  }

  close() {
    this.feed.close();
    const { hand, picture, latentMap, terms, bars, trace } = this;
    for (const part of [hand, picture, latentMap, terms, bars, trace]) part.close();
  }

  // What the hand does

  /** @param {string} name @param {number} value @param {boolean} isByHand */
  #choose(name, value, isByHand) {
    this.chosen[name] = value;
    this.#mark(name);
    const { run } = this.feed;
    const isLive = run !== null && this.training.live.includes(name) && run.now.state === "running";
    if (isByHand && isLive) this.context.order({ do: "set", values: { [name]: value } });
    this.context.onChange();
  }

  /** @param {string} name */
  #mark(name) {
    this.choices.find((each) => each.name === name)?.buttons.mark(this.chosen[name]);
  }

  #start() {
    this.start.disabled = true;
    setText(this.status, "Starting …");
    this.context.order({ do: "start", values: { ...this.chosen } });
  }

  // What the run tells

  /** @param {Run} run */
  #begin(run) {
    const { space } = run;
    this.isMapLaid = false;
    this.pictures.reserve(space.shape, space.isGaussian, space.count > 0);
    this.hand.start(new Float32Array(space.dims));
    this.code.begin(run);
    this.#drawFacts(run, null);
    if (run.hasCodes) this.#moveCodes(run, null);
  }

  /** @param {Run} run @param {Int32Array | null} index */
  #moveCodes(run, index) {
    if (!run.hasCodes) return;
    if (this.show.has("map") && run.space.dims === 2) {
      if (!this.isMapLaid) {
        this.isMapLaid = true;
        this.latentMap.element.classList.remove("le-unlaid");
        this.axes = makeAxes("0,1", run.space);
        this.latentMap.read(run.space);
        this.latentMap.layOut(
          this.axes,
          makeColouring(run.space),
          new Set(run.space.isGaussian ? ["prior", "ellipses"] : ["prior"]),
        );
      } else if (this.axes) {
        this.latentMap.move(index ? this.axes.points(index) : this.axes.points(), index ?? undefined);
        if (!index) this.latentMap.reread();
      }
      this.latentMap.stream(run.isLive);
    }
    if (!index) this.code.drawCode(run);
  }

  /** @param {Run} run @param {import("../../data/safetensors.js").Safetensors | null} pictures */
  #drawFacts(run, pictures) {
    if (pictures && this.show.has("pictures")) this.pictures.draw(pictures);
    const { state, epoch } = run.now;
    const of = run.facts.train.epochs;
    const isActive = state === "running" || state === "queued";
    this.start.disabled = isActive;
    setText(this.start, this.history.length || isActive ? "Train another one" : "Train");
    const words = { running: "Training", done: "Done", queued: "Waiting", paused: "Paused" };
    const word = words[/** @type {keyof typeof words} */ (state)] ?? state;
    const settings = this.choices.map(({ name }) =>
      `${(NAMES[name] ?? name).toLowerCase()} ${this.#setting(name, NaN)}`
    );
    setText(this.status, `${word}: epoch ${fixed(epoch, 0)} of ${of}, ${settings.join(", ")}`);
    this.terms.draw();
    this.bars.draw();
    this.context.onChange();
  }

  /** @param {Run} run */
  #decodeBy(run) {
    if (!run.weights) return;
    this.picture.load(`run-${run.id}`, run.space.config, run.weights);
    this.hand.repeat();
    this.code.drawPicture();
    this.context.onChange();
  }

  #end() {
    const values = this.values;
    this.history.push({ ...values, runs: this.history.length + 1 });
    this.trace.draw();
    this.context.onChange();
    this.context.onRun({ ...values, runs: this.history.length });
  }

  /** @param {string} name @param {number} otherwise @returns {number | string} as the run has it */
  #setting(name, otherwise) {
    const { run } = this.feed;
    if (!run) return this.chosen[name] ?? otherwise;
    const of = { ...run.facts.model, ...run.facts.train, ...this.feed.train };
    return /** @type {Record<string, any>} */ (of)[name] ?? otherwise;
  }

  /** @param {Run} run @returns {number} mean squared error per pixel of the image that is looked at, rebuilt from its code */
  #error(run) {
    const { decoder } = this.picture;
    if (!decoder || !run.hasCodes || decoder.dims !== run.space.dims) return NaN;
    const { space } = run;
    const shown = Math.min(space.count, GALLERY * 10);
    let sum = 0;
    const codes = space.mean.slice(0, shown * space.dims);
    const pictures = decoder.decode(codes, new Float32Array(shown * decoder.size));
    for (let p = 0; p < pictures.length; p++) sum += (pictures[p] - space.images[p] / 255) ** 2;
    return sum / pictures.length;
  }

  // What is drawn

  /** @param {Frame} frame */
  #paintTerms({ context, width, height, theme }) {
    const { reconstruction, kl } = this.values;
    const parts = /** @type {const} */ ([["reconstruction, −log p(x|z)", reconstruction], ["KL", kl]]);
    this.terms.describe(`Reconstruction ${fixed(reconstruction)} nats, KL ${fixed(kl)} nats`);
    const most = 32;
    parts.forEach(([name, value], n) => {
      const y = 8 + n * (height / 2 - 2);
      context.fillStyle = theme.muted;
      context.textBaseline = "top";
      context.fillText(`${name}: ${Number.isFinite(value) ? fixed(value) : "–"} nats per image`, 0, y);
      context.fillStyle = theme.line;
      context.fillRect(0, y + 18, width, 14);
      context.fillStyle = n ? "#ffa90e" : theme.accent;
      if (value > 0) context.fillRect(0, y + 18, Math.min(1, value / most) * width, 14);
    });
  }

  /** @param {Frame} frame */
  #paintDimensions({ context, width, height, theme }) {
    const { run } = this.feed;
    const kl = run?.klPerDim ?? [];
    const count = run?.space.dims ?? Number(this.#setting("latent_dim", 8));
    const most = Math.max(1, ...kl);
    const wide = Math.min(64, width / count);
    this.bars.describe(`KL of each dimension: ${kl.map((each) => fixed(each)).join(", ")}`);
    context.textAlign = "center";
    for (let d = 0; d < count; d++) {
      const tall = Math.max(1, ((kl[d] ?? 0) / most) * (height - 40));
      context.fillStyle = (kl[d] ?? 0) > ACTIVE ? "#ffa90e" : theme.line;
      context.fillRect(d * wide + 4, height - 18 - tall, wide - 8, tall);
      context.fillStyle = theme.muted;
      context.textBaseline = "bottom";
      context.fillText(kl[d] === undefined ? "" : fixed(kl[d]), (d + 0.5) * wide, height - 20 - tall);
      context.fillText(`z${d}`, (d + 0.5) * wide, height);
    }
  }

  /** @param {Frame} frame */
  #paintTrace({ context, width, height, theme }) {
    const axes = this.context.lesson.trace;
    if (!axes) return;
    const title = (/** @type {string} */ name) =>
      this.context.lesson.numbers.find(({ quantity }) => quantity === name)?.title ?? name;
    const [left, right, low, high] = [52, width - 12, height - 34, 10];
    drawLine(context, [[left, high], [left, low], [right, low]], theme.line, { width: 1 });
    context.fillStyle = theme.muted;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillText(title(axes[0]), (left + right) / 2, height);
    context.textAlign = "left";
    context.textBaseline = "top";
    context.fillText(`↑ ${title(axes[1])}`, left + 6, high - 6);
    this.trace.describe(
      `Your runs: ${
        this.history.map((each) => `${fixed(each[axes[0]])}, ${fixed(each[axes[1]], 3)}`).join("; ") ||
        "none yet"
      }`,
    );
    if (!this.history.length) return;
    const ends = axes.map((name) => {
      const of = this.history.map((each) => each[name]).filter(Number.isFinite);
      const [least, greatest] = [Math.min(0, ...of), Math.max(...of)];
      return greatest > least ? [least, greatest * 1.15] : [least, least + 1];
    });
    const x = (/** @type {number} */ v) =>
      left + ((v - ends[0][0]) / (ends[0][1] - ends[0][0])) * (right - left);
    const y = (/** @type {number} */ v) =>
      low - ((v - ends[1][0]) / (ends[1][1] - ends[1][0])) * (low - high);
    const points = this.history.map((
      each,
    ) => /** @type {[number, number]} */ ([x(each[axes[0]]), y(each[axes[1]])]));
    const sorted = [...points].sort((a, b) => a[0] - b[0]);
    drawLine(context, sorted, theme.line, { dash: [4, 4] });
    context.textAlign = "center";
    points.forEach(([px, py], n) => {
      drawDot(context, px, py, n === points.length - 1 ? 7 : 5, theme.accent);
      context.fillStyle = theme.text;
      context.textBaseline = "bottom";
      const [setting] = this.choices;
      context.fillText(
        `${setting.name === "beta" ? "β " : ""}${this.history[n][setting.name]}`,
        px,
        py - 9,
      );
    });
    context.fillStyle = theme.muted;
    context.textBaseline = "top";
    context.fillText(short(ends[0][1] / 1.15), x(ends[0][1] / 1.15), low + 3);
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(short(ends[1][1] / 1.15), left - 5, y(ends[1][1] / 1.15));
    context.fillText("0", left - 5, low);
  }

  // One image, its code in the hand, and what the decoder makes of it

  #makeCode() {
    const original = new Picture([1, 8, 8], { "aria-label": "The image" });
    const rebuilt = new Picture([1, 8, 8], {
      "aria-label": "Rebuilt from its code",
      "data-quantity": "error",
    });
    const gallery = element("div", {
      class: "le-learn-gallery",
      role: "group",
      "aria-label": "Choose an image",
    });
    const sliders = element(
      "div",
      { class: "le-learn-code", "data-quantity": "latent_dim" },
      element("span", { class: "le-caption" }, "Here an image's code will stand, once you train."),
    );
    /** @type {Run | null} */
    let run = null;
    /** @type {Float32Array} */
    let code = new Float32Array(0);
    const drawPicture = () => {
      const { decoder } = this.picture;
      if (decoder && decoder.dims === code.length) rebuilt.draw(decoder.decode(code));
    };
    const choose = (/** @type {number} */ index) => {
      this.image = index;
      if (!run) return;
      original.drawBytes(imageOf(run.space, index));
      drawCode(run);
    };
    /** @param {Run} of */
    const drawCode = (of) => {
      if (!of.hasCodes) return;
      code = codeOf(of.space, this.image);
      const { mean, variance } = aggregatePosterior(of.space);
      sliders.replaceChildren(
        ...Array.from(code, (value, d) => {
          const reach = REACH * Math.sqrt(variance[d]);
          const input = element("input", {
            type: "range",
            min: String(mean[d] - reach),
            max: String(mean[d] + reach),
            step: "any",
            value: String(value),
            class: "le-progress-slider",
            "aria-label": `Number ${d + 1} of the code`,
            input: () => {
              code[d] = input.valueAsNumber;
              setText(number, fixed(code[d]));
              drawPicture();
              this.moves += 1;
              this.context.onHand();
            },
          });
          const number = element("span", { class: "le-fine le-numbers" }, fixed(value));
          return element("label", {}, input, number);
        }),
      );
      drawPicture();
    };
    /** @param {Run} of */
    const begin = (of) => {
      run = of;
      for (const picture of [original, rebuilt]) picture.resize(of.space.shape);
      gallery.replaceChildren(
        ...Array.from({ length: Math.min(GALLERY, of.space.count) }, (_, n) => {
          const small = new Picture(of.space.shape, { "aria-label": `Image ${n + 1}` });
          small.drawBytes(imageOf(of.space, n));
          return element("button", { type: "button", click: () => choose(n) }, small.canvas);
        }),
      );
      choose(Math.min(this.image, of.space.count - 1));
    };
    const figure = (/** @type {Picture} */ picture, /** @type {string} */ caption) =>
      element("figure", {}, picture.canvas, element("figcaption", { class: "le-fine" }, caption));
    return {
      begin,
      drawCode,
      drawPicture,
      element: element(
        "div",
        { class: "le-learn-squeeze", "data-part": "code" },
        gallery,
        element(
          "div",
          { class: "le-learn-through" },
          figure(original, "the image"),
          sliders,
          figure(rebuilt, "rebuilt from its code"),
        ),
      ),
    };
  }
}

/** @param {Run} run @returns {number} dimensions whose means vary over the images */
function activeDimensions({ space: { mean, dims, count } }) {
  let active = 0;
  for (let d = 0; d < dims; d++) {
    let [first, second] = [0, 0];
    for (let n = 0; n < count; n++) {
      first += mean[n * dims + d];
      second += mean[n * dims + d] ** 2;
    }
    active += Number(second / count - (first / count) ** 2 > ACTIVE);
  }
  return active;
}

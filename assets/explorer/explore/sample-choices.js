/** What is chosen of a sheet of samples: how many, at which temperature, by which seed, of which class. */

import { element, setText, textButton, uniqueId } from "../dom/dom.js";
import { fixed } from "../dom/format.js";

/** @typedef {{wide: number, narrow: number}} Columns  how many stand side by side on a page and on a phone */

/** @type {Array<{count: number, columns: Columns}>} */
const SHEETS = [
  { count: 12, columns: { wide: 4, narrow: 4 } },
  { count: 48, columns: { wide: 8, narrow: 6 } },
  { count: 108, columns: { wide: 12, narrow: 6 } },
];

/** The one at first. */
const USUAL = SHEETS[1];

/** The temperature's ends, its step, and where the prior itself is. */
const TEMPERATURE = { min: 0.1, max: 1.5, step: 0.05, prior: 1 };

/** A seed has at most so many digits. */
const LARGEST_SEED = 999_999;

export class SampleChoices {
  /**
   * @param {object} on
   * @param {() => void} on.onSheet    more samples are wanted, or others classes'
   * @param {() => void} on.onLatents  as many samples, by other latents
   * @param {(isOn: boolean) => void} on.onNearest  the nearest images are wanted, or not any more
   */
  constructor({ onSheet, onLatents, onNearest }) {
    this.onLatents = onLatents;
    this.sheet = USUAL;
    this.seed = 1;
    this.temperature = TEMPERATURE.prior;
    /** The class that all samples are told; -1: one after the other. */
    this.label = -1;
    const counts = SHEETS.map((sheet) =>
      element("button", {
        type: "button",
        "aria-pressed": String(sheet === this.sheet),
        click: () => {
          this.sheet = sheet;
          counts.forEach((each, n) => each.setAttribute("aria-pressed", String(SHEETS[n] === sheet)));
          onSheet();
        },
      }, sheet.count)
    );
    /** @type {HTMLInputElement} */
    this.seedField = element("input", {
      type: "number",
      min: "0",
      max: String(LARGEST_SEED),
      step: "1",
      value: String(this.seed),
      title: "The same seed gives the same samples",
      change: () => this.#setSeed(this.seedField.valueAsNumber),
    });
    /** @type {HTMLSelectElement} */
    this.select = element("select", {
      title: "The class that the decoder is told beside the latent",
      change: () => {
        this.label = Number(this.select.value);
        onSheet();
      },
    });
    this.classes = labelled("Class", this.select);
    /** @type {HTMLButtonElement} */
    this.nearest = textButton(
      "Nearest image",
      "Is it a copy? Beside each sample the nearest image on the map, pixel by pixel",
      () => {
        const isOn = this.nearest.getAttribute("aria-pressed") !== "true";
        this.nearest.setAttribute("aria-pressed", String(isOn));
        onNearest(isOn);
      },
    );
    this.nearest.setAttribute("aria-pressed", "false");
    this.warmth = this.#temperatureSlider();
    this.elements = [
      textButton(
        "New samples",
        "The next seed: other latents from the same prior",
        () => this.#setSeed(this.seed < LARGEST_SEED ? this.seed + 1 : 0),
      ),
      element("div", { class: "le-segments", role: "group", "aria-label": "How many samples" }, ...counts),
      this.warmth,
      labelled("Seed", this.seedField),
      this.classes,
      this.nearest,
    ];
  }

  get count() {
    return this.sheet.count;
  }

  get columns() {
    return this.sheet.columns;
  }

  /**
   * Offer what a model has.
   *
   * @param {string[]} classes    that it is told; none: it is told none
   * @param {boolean} hasImages   to which a sample can be near
   * @param {boolean} hasTemperature  at which its prior can be drawn from
   */
  make(classes, hasImages, hasTemperature) {
    this.label = -1;
    this.warmth.hidden = !hasTemperature;
    this.classes.hidden = !classes.length;
    this.nearest.hidden = !hasImages;
    this.select.replaceChildren(
      ...["each in turn", ...classes].map((name, n) => element("option", { value: String(n - 1) }, name)),
    );
  }

  #temperatureSlider() {
    const { min, max, step, prior } = TEMPERATURE;
    const shown = element("span", { class: "le-numbers", "aria-hidden": "true" }, fixed(this.temperature));
    const id = uniqueId("temperature");
    /** @type {HTMLInputElement} */
    const slider = element("input", {
      id,
      type: "range",
      min: String(min),
      max: String(max),
      step: String(step),
      value: String(this.temperature),
      title: "z = T · ε: 1 is the prior itself",
      style: `--le-zero: ${(prior - min) / (max - min)}`,
      input: () => {
        this.temperature = slider.valueAsNumber;
        setText(shown, fixed(this.temperature));
        this.onLatents();
      },
    });
    const name = element("label", { class: "le-caption", for: id }, "Temperature");
    return element("div", { class: "le-temperature" }, name, slider, shown);
  }

  /** @param {number} wanted  what is no seed changes nothing */
  #setSeed(wanted) {
    if (Number.isFinite(wanted)) this.seed = Math.min(LARGEST_SEED, Math.max(0, Math.round(wanted)));
    this.seedField.value = String(this.seed);
    this.onLatents();
  }
}

/** @param {string} name @param {HTMLElement} control */
function labelled(name, control) {
  return element("label", {}, element("span", { class: "le-caption" }, name), control);
}

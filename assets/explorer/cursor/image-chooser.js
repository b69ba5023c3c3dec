/** Real images to choose from, a row for each class. */

import { element } from "../dom/dom.js";
import { Picture } from "../dom/pictures.js";
import { seededRandom } from "../latent/codes.js";
import { classCount, imageOf, labelOf } from "../latent/space.js";

/** @typedef {import("../latent/space.js").Space} Space */

/** How many images of each class there are to choose from. */
const IN_A_ROW = 14;
/** How many there are where images have no class. */
const WITHOUT_CLASSES = 56;

export class ImageChooser {
  /** @param {string} title @param {(index: number) => void} onChoose */
  constructor(title, onChoose) {
    this.onChoose = onChoose;
    /** @type {Space | null} */
    this.space = null;
    /** 0: the first images of each class; else others, the same ones for the same seed. */
    this.seed = 0;
    this.rows = element("div", { class: "le-gallery-rows" });
    this.more = element("button", { type: "button", click: () => this.#others() }, "Other images");
    this.element = element(
      "section",
      { class: "le-gallery", "aria-label": "Images to choose from" },
      element("div", { class: "le-heading" }, element("h2", {}, title), this.more),
      this.rows,
    );
    /** @type {Map<number, HTMLButtonElement>} */
    this.buttons = new Map();
    /** Those that are chosen, such as the ends of a walk. @type {Array<number | null>} */
    this.marked = [];
  }

  /** @param {Space} space */
  fill(space) {
    this.space = space;
    const random = seededRandom(this.seed);
    this.buttons.clear();
    const classes = classCount(space);
    const members = Array.from({ length: Math.max(1, classes) }, () => /** @type {number[]} */ ([]));
    for (let n = 0; n < space.count; n++) members[space.labels?.[n] ?? 0].push(n);
    this.rows.replaceChildren(
      ...members
        .filter((indices) => indices.length)
        .map((indices) =>
          this.#row(space, some(indices, classes ? IN_A_ROW : WITHOUT_CLASSES, this.seed ? random : null))
        ),
    );
  }

  /** Mark the images that are chosen, such as the ends of a walk. @param {Array<number | null>} indices */
  mark(indices) {
    this.marked = indices;
    for (const [index, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(indices.includes(index)));
    }
  }

  #others() {
    if (!this.space) return;
    this.seed += 1;
    this.fill(this.space);
    this.mark(this.marked);
  }

  /** @param {Space} space @param {number[]} indices  of one class's images */
  #row(space, indices) {
    const name = labelOf(space, indices[0]);
    const pictures = indices.map((index) => {
      const picture = new Picture(space.shape, { "aria-hidden": "true" });
      picture.drawBytes(imageOf(space, index));
      const button = element(
        "button",
        {
          type: "button",
          "aria-pressed": "false",
          "aria-label": `${name || "Image"}, number ${index}`,
          click: () => this.onChoose(index),
        },
        picture.canvas,
      );
      this.buttons.set(index, button);
      return button;
    });
    // One stop of Tab for each class, not one for each image: arrow keys go along the row.
    /** @param {number} at */
    const stop = (at) => pictures.forEach((each, n) => (each.tabIndex = n === at ? 0 : -1));
    /** @param {Event} event @returns {number} which picture it happened on */
    const indexOf = ({ target }) => pictures.findIndex((each) => each === target);
    stop(0);
    return element(
      "div",
      { class: "le-gallery-row" },
      name ? element("span", { class: "le-gallery-name" }, name) : null,
      element(
        "div",
        {
          class: "le-gallery-pictures",
          role: "group",
          "aria-label": `${name || "Images"}, arrow keys go along the row`,
          focusin: (event) => stop(indexOf(event)),
          keydown: (event) => {
            const to = stepTo(event.key, indexOf(event), pictures.length);
            if (to === null || event.altKey || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            pictures[to].focus();
          },
        },
        ...pictures,
      ),
    );
  }
}

/** @param {string} key @param {number} at @param {number} count @returns {number | null} where the key leads */
function stepTo(key, at, count) {
  const to = new Map([["ArrowLeft", at - 1], ["ArrowRight", at + 1], ["Home", 0], ["End", count - 1]]).get(
    key,
  );
  return to === undefined ? null : Math.min(count - 1, Math.max(0, to));
}

/**
 * @param {number[]} indices
 * @param {number} count
 * @param {(() => number) | null} random  a source of numbers in [0, 1); null: the first ones are taken
 * @returns {number[]} so many of them, or all where there are fewer
 */
function some(indices, count, random) {
  if (!random) return indices.slice(0, count);
  const pool = [...indices];
  return Array.from(
    { length: Math.min(count, pool.length) },
    () => pool.splice(Math.floor(random() * pool.length), 1)[0],
  );
}

/** Where the hand is, in words: for the eye after every move, for the ear when the hand rests. */

import { element, setText } from "../dom/dom.js";
import { fixed, latentText, percent } from "../dom/format.js";
import { labelOf } from "../latent/space.js";
import { dataWord } from "../latent/typicality.js";
import { distanceText } from "./code-text.js";
import { Surroundings } from "./surroundings.js";

/** @typedef {import("../latent/space.js").Space} Space */
/** @typedef {import("../latent/typicality.js").Typicality} Typicality */
/** @typedef {import("./surroundings.js").Near} Near */

/** How long the hand rests before a reader who listens is told where it is, in ms. */
const SPOKEN_AFTER = 700;

export class Readout {
  /**
   * @param {import("./cursor.js").Cursor} cursor
   * @param {Surroundings} [surroundings]  shared with others who show what is near
   */
  constructor(cursor, surroundings = new Surroundings(cursor)) {
    this.surroundings = surroundings;
    this.first = element("div", { class: "le-readout-first le-numbers" }, "Loading the model …");
    this.prior = line("for the prior");
    this.data = line("in latent space");
    this.map = line("on the map");
    this.lines = element("div", { class: "le-readout-lines" }, this.prior.row, this.data.row, this.map.row);
    this.spoken = element("div", { class: "le-unseen", role: "status", "aria-live": "polite" });
    this.element = element(
      "div",
      { class: "le-readout", "data-role": "readout" },
      this.first,
      this.lines,
      this.spoken,
    );
    this.lines.hidden = true;
    this.timer = 0;
    surroundings.subscribe((near) => this.#write(near));
  }

  /** @param {Space} space */
  setSpace(space) {
    this.surroundings.setSpace(space);
    this.prior.row.hidden = !space.isGaussian;
    this.data.row.hidden = !space.count;
    this.map.row.hidden = !space.umap; // on other axes nothing is an estimate
  }

  close() {
    clearTimeout(this.timer);
    this.surroundings.close();
  }

  /** @param {Near} near */
  #write(near) {
    const { move } = near;
    const { distance } = move;
    const isEstimate = distance !== null;
    const { typical, distances, gaps, space } = near;
    const isOfCategories = space.config.categories > 0;
    const where = move.isHover ? "Under the hand" : "Pinned";
    setText(
      this.first,
      `${where}${isEstimate ? ", an estimate" : ""}: z = ${latentText(move.z, isOfCategories)}`,
    );
    this.lines.hidden = false;
    setText(this.prior.word, typical ? typicalWord(typical) : "–");
    setText(this.prior.first, typical ? whyTypical(typical) : "");
    setText(this.prior.second, `log p(z) ${fixed(near.logPrior, 1)} nats`);
    setText(this.data.word, dataWord(gaps) || (isOfCategories ? categoriesWord(distances) : "–"));
    const away = distances.length ? `${distanceText(distances[0], space)} from the nearest image` : "";
    // By the gap the word was chosen; where there is room for one line, it is this.
    const inGaps = Number.isFinite(gaps) ? `${fixed(gaps, 1)} × the usual gap between images` : "";
    setText(this.data.first, inGaps || away);
    setText(this.data.second, inGaps && away);
    setText(this.map.word, isEstimate ? "An estimate" : "–");
    setText(this.map.first, isEstimate ? `${fixed(distance)} map units from the nearest dot` : "");
    setText(this.map.second, isEstimate ? "made from the 8 nearest dots" : "");
    this.map.row.classList.toggle("le-vacant", !isEstimate);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => setText(this.spoken, this.#sentence(near)), SPOKEN_AFTER);
  }

  /** @param {Near} near @returns {string} */
  #sentence({ move, space, indices, distances, typical, gaps }) {
    const where = move.isHover ? "Under the hand" : "Pinned";
    const parts = [`${where}: z = ${latentText(move.z, space.config.categories > 0)}`];
    if (indices.length) {
      const name = labelOf(space, indices[0]);
      parts.push(
        `Nearest real image: ${name ? `${name}, ` : ""}${
          distanceText(distances[0], space)
        } away in latent space`,
      );
      if (name && indices.length > 1) {
        parts.push(`Of the ${indices.length} nearest ${classesOf(space, indices)}`);
      }
      if (Number.isFinite(gaps)) parts.push(dataWord(gaps));
    }
    if (typical) parts.push(`${typicalWord(typical)} for the prior: ${whyTypical(typical)}`);
    if (move.distance !== null) {
      parts.push(`An estimate; the nearest dot is ${fixed(move.distance)} map units away`);
    }
    return `${parts.join(". ")}.`;
  }
}

/** @param {number[]} distances  to the nearest images, in categories @returns {string} */
function categoriesWord(distances) {
  if (!distances.length) return "–";
  return distances[0] ? "No image here" : "Images here";
}

/** @param {Typicality} typical @returns {string} */
function typicalWord({ isTypical }) {
  return isTypical ? "Typical" : "Untypical";
}

/** @param {Typicality} typical @returns {string} */
function whyTypical({ isTypical, isNear, further }) {
  if (isTypical) return `${further < 1 ? `${percent(further)} of` : "all"} samples lie further out`;
  if (isNear) return "nearer the centre than nearly all samples";
  if (further < 0.001) return "further out than nearly all samples";
  return `further out than ${percent(1 - further)} of samples`;
}

/** A part of the readout: a word for the back row, what it is about, and the numbers. @param {string} about */
function line(about) {
  const word = element("strong", {});
  const first = element("span", { class: "le-caption" });
  const second = element("span", { class: "le-readout-second le-caption" });
  const row = element(
    "div",
    { class: "le-numbers" },
    element("div", {}, word, " ", element("span", { class: "le-readout-about le-caption" }, about)),
    first,
    " ",
    second,
  );
  return { word, first, second, row };
}

/** @param {Space} space @param {number[]} indices @returns {string} e.g. "4 are sandal, 2 sneaker" */
function classesOf(space, indices) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const n of indices) counts.set(labelOf(space, n), (counts.get(labelOf(space, n)) ?? 0) + 1);
  const ordered = [...counts].sort((a, b) => b[1] - a[1]);
  return ordered
    .map(([name, count], k) => `${count}${k ? "" : count > 1 ? " are" : " is"} ${name}`)
    .join(", ");
}

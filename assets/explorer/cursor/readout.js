/** Where the hand is, in words: for the eye after every move, for the ear when the hand rests. */

import { element, setText } from "../dom/dom.js";
import { fixed, latentText, percent } from "../dom/format.js";
import { labelOf } from "../latent/space.js";
import { dataWord, priorWord } from "../latent/typicality.js";
import { Surroundings } from "./surroundings.js";

/** @typedef {import("../latent/space.js").Space} Space */
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
    this.prior = line("Prior");
    this.data = line("Images");
    this.map = line("Map");
    this.lines = element("dl", { class: "le-readout-lines" }, this.prior.row, this.data.row, this.map.row);
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
    const where = move.isHover ? "Under the hand" : "Pinned";
    setText(this.first, `${where}${isEstimate ? ", an estimate" : ""}: z = ${latentText(move.z)}`);
    this.lines.hidden = false;
    setText(this.prior.word, priorWord(near.further));
    setText(this.prior.first, `log p(z) ${fixed(near.logPrior, 1)} nats`);
    setText(this.prior.second, `${percent(near.further)} of it lies further out`);
    setText(this.data.word, dataWord(near.gaps) || "–");
    setText(this.data.first, near.distances.length ? `${fixed(near.distances[0])} to the nearest` : "");
    setText(
      this.data.second,
      Number.isFinite(near.gaps) ? `${fixed(near.gaps, 1)} × the usual gap between images` : "",
    );
    setText(this.map.word, isEstimate ? "An estimate" : "–");
    setText(this.map.first, isEstimate ? `${fixed(distance)} to the nearest dot` : "");
    setText(this.map.second, isEstimate ? "made from the 8 nearest dots" : "");
    this.map.row.classList.toggle("le-vacant", !isEstimate);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => setText(this.spoken, this.#sentence(near)), SPOKEN_AFTER);
  }

  /** @param {Near} near @returns {string} */
  #sentence({ move, space, indices, distances, further, gaps }) {
    const where = move.isHover ? "Under the hand" : "Pinned";
    const parts = [`${where}: z = ${latentText(move.z)}`];
    if (indices.length) {
      const name = labelOf(space, indices[0]);
      parts.push(
        `Nearest real image: ${name ? `${name}, ` : ""}${fixed(distances[0])} away in latent space`,
      );
      if (name && indices.length > 1) {
        parts.push(`Of the ${indices.length} nearest ${classesOf(space, indices)}`);
      }
      if (Number.isFinite(gaps)) parts.push(dataWord(gaps));
    }
    if (Number.isFinite(further)) {
      parts.push(`${priorWord(further)} for the prior: ${percent(further)} of it lies further out`);
    }
    if (move.distance !== null) {
      parts.push(`An estimate; the nearest dot is ${fixed(move.distance)} away on the map`);
    }
    return `${parts.join(". ")}.`;
  }
}

/** A part of the readout: what it is about, a word for the back row, and the numbers. @param {string} name */
function line(name) {
  const word = element("strong", {});
  const first = element("span", { class: "le-caption" });
  const second = element("span", { class: "le-readout-second le-caption" });
  const row = element(
    "div",
    {},
    element("dt", { class: "le-caption" }, name),
    element("dd", { class: "le-numbers" }, word, " ", first, " ", second),
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

/** The real images that lie nearest to the latent under the hand, in latent space, with their distances. */

import { element, setText } from "../dom/dom.js";
import { Picture } from "../dom/pictures.js";
import { imageOf, labelOf } from "../latent/space.js";
import { distanceText } from "./code-text.js";
import { NEAREST } from "./surroundings.js";

/** @typedef {import("../latent/space.js").Space} Space */

export class Neighbours {
  /**
   * @param {import("./surroundings.js").Surroundings} surroundings
   * @param {(index: number, stamp: number) => void} onPick  an image was chosen
   * @param {string} [hint]  what becomes of it
   */
  constructor(surroundings, onPick, hint = "Pin its code and look at it closely") {
    this.onPick = onPick;
    this.hint = hint;
    this.list = element("ol", { class: "le-neighbour-list" });
    this.unit = element("p", { class: "le-caption" });
    this.element = element(
      "section",
      {
        class: "le-neighbours",
        "data-role": "neighbours",
        "aria-label": "Nearest real images in latent space",
      },
      element(
        "div",
        { class: "le-title-line" },
        element("h2", {}, "Nearest real images"),
        this.unit,
      ),
      this.list,
    );
    /** @type {Array<{item: HTMLElement, picture: Picture, name: HTMLElement, distance: HTMLElement, index: number}>} */
    this.cards = [];
    surroundings.subscribe((near) => this.#update(near));
  }

  /** @param {Space} space */
  setSpace(space) {
    setText(
      this.unit,
      space.isGaussian
        ? "by distance in latent space; σ is the prior's deviation"
        : space.config.categories
        ? "by how many of their categories are others"
        : "by distance in latent space, in the codes' own unit",
    );
    this.cards = Array.from({ length: Math.min(NEAREST, space.count) }, () => this.#card(space));
    this.list.replaceChildren(...this.cards.map(({ item }) => item));
  }

  /** @param {Space} space */
  #card(space) {
    const picture = new Picture(space.shape, { role: null, "aria-hidden": "true" });
    const name = element("span", { class: "le-neighbour-name le-fine le-one-line" });
    const distance = element("span", { class: "le-fine le-one-line le-numbers" });
    const card = { picture, name, distance, index: -1, item: element("li", {}) };
    card.item.append(
      element(
        "button",
        {
          type: "button",
          class: "le-neighbour",
          title: this.hint,
          click: (event) => this.onPick(card.index, event.timeStamp),
        },
        picture.canvas,
        name,
        distance,
      ),
    );
    return card;
  }

  /** @param {import("./surroundings.js").Near} near */
  #update({ space, indices, distances }) {
    this.cards.forEach((card, k) => {
      card.item.hidden = k >= indices.length;
      if (card.item.hidden) return;
      setText(card.distance, distanceText(distances[k], space, true));
      if (card.index === indices[k]) return;
      card.index = indices[k];
      card.picture.drawBytes(imageOf(space, card.index));
      setText(card.name, labelOf(space, card.index) || `image ${card.index}`);
    });
  }
}

/** One end of a walk: the real image, its reconstruction, its class. A click says that the next choice is for it. */

import { element, setText } from "../dom/dom.js";
import { Picture } from "../dom/pictures.js";
import { classOf, codeOf, imageOf, labelOf } from "../latent/space.js";

/** @typedef {import("../latent/space.js").Space} Space */

export class EndCard {
  /** @param {"From" | "To"} word @param {() => void} onAim */
  constructor(word, onAim) {
    this.original = new Picture([1, 28, 28], { "aria-label": `${word}: the original` });
    this.decoded = new Picture([1, 28, 28], { "aria-label": `${word}: its reconstruction` });
    this.name = element("span", { class: "le-end-name" });
    this.element = element(
      "button",
      { type: "button", class: "le-end", title: "Click, then choose an image for this end", click: onAim },
      element("span", { class: "le-end-word le-one-line" }, word, " ", this.name),
      element("span", { class: "le-end-pictures" }, this.original.canvas, this.decoded.canvas),
      element(
        "span",
        { class: "le-end-captions le-caption" },
        element("span", {}, "Original"),
        element("span", {}, "Reconstruction"),
      ),
    );
    this.aim(false);
  }

  /** @param {boolean} isAimedAt */
  aim(isAimedAt) {
    this.element.setAttribute("aria-pressed", String(isAimedAt));
  }

  /** @param {Space} space @param {number} index @param {import("../decode/decoder.js").Decoder} decoder */
  setImage(space, index, decoder) {
    for (const picture of [this.original, this.decoded]) {
      if (picture.shape.join() !== space.shape.join()) picture.resize(space.shape);
    }
    this.original.drawBytes(imageOf(space, index));
    this.decoded.draw(decoder.decode(codeOf(space, index), undefined, classOf(space, index)));
    setText(this.name, labelOf(space, index) || `image ${index}`);
  }
}

/**
 * The class that a model is told which was trained with labels (a conditional VAE: arXiv:1406.5298): a list beside the
 * sliders. The same latent is another picture in each class.
 */

import { element } from "../../dom/dom.js";
import { classOf } from "../../latent/space.js";

/** @typedef {import("../../latent/space.js").Space} Space */

export class ClassChoice {
  /** @param {(label: number) => void} onChange  another class is told from now on */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {HTMLSelectElement} */
    this.select = element("select", {
      title: "This model was trained with labels: its decoder is told the class beside the latent",
      change: () => this.#change(Number(this.select.value)),
    });
    this.element = element(
      "label",
      { class: "le-class", "data-role": "class", hidden: true },
      element("span", { class: "le-caption" }, "Class told"),
      this.select,
    );
    this.label = 0;
  }

  /** Offer a model's classes; there is nothing to choose where it is told none. @param {Space} space */
  make({ config: { n_classes: classes }, labelNames }) {
    this.label = 0;
    this.element.hidden = classes === 0;
    this.select.replaceChildren(
      ...Array.from(
        { length: classes },
        (_, label) => element("option", { value: String(label) }, labelNames[label] ?? String(label)),
      ),
    );
  }

  /** Take an image's own class, by which its code was made. @param {Space} space @param {number} index  of the probe */
  follow(space, index) {
    this.choose(classOf(space, index));
  }

  /** @param {number} label */
  choose(label) {
    if (this.element.hidden || label === this.label) return;
    this.select.value = String(label);
    this.#change(label);
  }

  /** @param {number} label */
  #change(label) {
    this.label = label;
    this.onChange(label);
  }
}

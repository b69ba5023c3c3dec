/**
 * The same latent in every class: what a model that is told the class makes of the pinned latent in each, side by side.
 * A click tells the class.
 */

import { element } from "../../dom/dom.js";
import { Sheet } from "../../dom/pictures.js";

/** @typedef {import("../../latent/space.js").Space} Space */

/** So many classes at most; the list beside the sliders has all. */
const MOST = 20;

export class ClassRow {
  /**
   * @param {import("../cursor.js").Cursor} cursor
   * @param {import("../../decode/service.js").DecodeService} service
   * @param {(label: number) => void} onChoose
   */
  constructor(cursor, service, onChoose) {
    this.cursor = cursor;
    this.service = service;
    this.onChoose = onChoose;
    this.caption = element("p", { class: "le-caption" });
    this.list = element("div", { class: "le-class-row" });
    this.element = element(
      "section",
      {
        class: "le-classes",
        "data-role": "classes",
        "aria-label": "The same latent in every class",
        hidden: true,
      },
      element("h2", {}, "The same latent in every class"),
      this.caption,
      this.list,
    );
    /** One for each class. @type {Sheet[]} */
    this.sheets = [];
    this.model = "";
    /** Pictures that are on their way. */
    this.awaited = 0;
    /** Whether the pinned latent has moved since they were asked for. */
    this.isBehind = false;
    /** The pinned latent that was seen last. @type {Float32Array | null} */
    this.seen = null;
    this.unsubscribe = cursor.subscribe(({ pinned }) => {
      if (pinned === this.seen) return;
      this.seen = pinned;
      this.#draw();
    });
  }

  /**
   * Make the row of a model that the service knows; there is none where it is told no class.
   *
   * @param {Space} space
   * @param {string} model
   */
  make({ config, shape, labelNames }, model) {
    const count = Math.min(MOST, config.n_classes);
    this.model = model;
    this.awaited = 0;
    this.element.hidden = count === 0;
    const left = config.n_classes - count;
    this.caption.textContent = "The pinned latent, decoded with each class told. Click one to tell it." +
      (left > 0 ? ` ${left} more are in the list beside the sliders.` : "");
    const names = Array.from({ length: count }, (_, label) => labelNames[label] ?? String(label));
    this.sheets = names.map((name) => new Sheet(shape, 1, 1, { "aria-label": name }));
    this.list.replaceChildren(
      ...names.map((name, label) =>
        element(
          "button",
          { type: "button", class: "le-class-picture", click: () => this.onChoose(label) },
          this.sheets[label].canvas,
          element("span", { class: "le-caption le-one-line", "aria-hidden": "true" }, name),
        )
      ),
    );
    this.#draw();
  }

  close() {
    this.unsubscribe();
  }

  #draw() {
    const { pinned } = this.cursor;
    if (!this.sheets.length || !pinned.length) return;
    if (this.awaited) {
      this.isBehind = true;
      return;
    }
    this.isBehind = false;
    this.awaited = this.sheets.length;
    this.sheets.forEach((sheet, label) =>
      this.service.request(
        `class-${label}`,
        this.model,
        Float32Array.from(pinned),
        1,
        ({ rgba }) => {
          sheet.drawRgba(0, rgba);
          this.awaited--;
          if (!this.awaited && this.isBehind) this.#draw();
        },
        { label },
      )
    );
  }
}

/** A small menu from which what is shown goes into a file: as a picture, as vectors, as numbers. */

import { download, element } from "../dom.js";

/** @typedef {{name: string, content: Blob}} MadeFile */

/**
 * @typedef {object} SaveItem
 * @property {string} text   on its button
 * @property {string} hint   what the file holds
 * @property {() => MadeFile | Promise<MadeFile>} make  throws where there is nothing to save yet
 */

export class SaveMenu {
  /**
   * @param {SaveItem[]} items
   * @param {(sentence: string) => void} onTrouble
   * @param {string} [trouble]  what is said where a file could not be made
   */
  constructor(items, onTrouble, trouble = "The file could not be made. Try again in a moment.") {
    this.onTrouble = onTrouble;
    this.trouble = trouble;
    const buttons = items.map(({ text, hint, make }) =>
      element("button", { type: "button", title: hint, click: () => this.#save(make) }, text)
    );
    this.summary = element("summary", { class: "le-caption" }, "Save as");
    this.element = element(
      "details",
      {
        class: "le-menu",
        keydown: (event) => {
          if (event.key !== "Escape" || !this.element.open) return;
          this.element.open = false;
          this.summary.focus();
        },
        focusout: (event) => {
          const isInside = event.relatedTarget instanceof Node && this.element.contains(event.relatedTarget);
          if (event.relatedTarget && !isInside) this.element.open = false;
        },
      },
      this.summary,
      element("div", { class: "le-menu-items" }, ...buttons),
    );
    // A press elsewhere closes it, wherever that is.
    this.control = new AbortController();
    document.addEventListener(
      "pointerdown",
      (event) => {
        if (!this.element.contains(/** @type {Node} */ (event.target))) this.element.open = false;
      },
      { signal: this.control.signal, capture: true },
    );
  }

  close() {
    this.control.abort();
  }

  /** @param {SaveItem["make"]} make */
  async #save(make) {
    this.element.open = false;
    this.summary.focus({ preventScroll: true });
    try {
      const { name, content } = await make();
      download(name, content);
      this.onTrouble("");
    } catch (error) {
      console.warn(error);
      this.onTrouble(this.trouble);
    }
  }
}

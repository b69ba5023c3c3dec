/** A small menu from which the map goes into a file: as a picture, as vectors, as numbers. */

import { download, element } from "../../dom/dom.js";
import { latentsCsv } from "./latents-csv.js";
import { figurePng, figureSvg } from "./map-figure.js";

/** @typedef {import("../drawing/map.js").DrawnMap} DrawnMap */
/** @typedef {import("../../latent/space.js").Space} Space */

/**
 * @typedef {object} ExportSubject  what a file is about
 * @property {Space} space
 * @property {Float32Array} positions  of its images on the map, (N, 2)
 * @property {DrawnMap} map
 * @property {string} title            above a figure
 * @property {string} stem             the beginning of the file's name
 */

/** @typedef {{name: string, content: Blob}} MadeFile */

export class ExportMenu {
  /**
   * @param {() => ExportSubject | null} subject  asked when a file is made; null: there is nothing on the map yet
   * @param {(sentence: string) => void} onTrouble
   */
  constructor(subject, onTrouble) {
    this.subject = subject;
    this.onTrouble = onTrouble;
    /** @type {(text: string, hint: string, make: (subject: ExportSubject) => MadeFile | Promise<MadeFile>) => HTMLElement} */
    const item = (text, hint, make) =>
      element("button", { type: "button", title: hint, click: () => this.#save(make) }, text);
    const items = element(
      "div",
      { class: "le-menu-items" },
      item("Picture (PNG)", "The map as it is, at twice its size", async ({ map, title, stem }) => {
        return { name: `${stem}.png`, content: await figurePng(map, title) };
      }),
      item(
        "Vectors (SVG)",
        "The map as it is; points and words stay sharp at any size",
        async ({ map, title, stem }) => {
          return {
            name: `${stem}.svg`,
            content: new Blob([await figureSvg(map, title)], { type: "image/svg+xml" }),
          };
        },
      ),
      item("Latents (CSV)", "Each image's code and its place on the map", ({ space, positions, stem }) => {
        const text = latentsCsv(space, positions);
        return { name: `${stem}.csv`, content: new Blob([text], { type: "text/csv;charset=utf-8" }) };
      }),
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
      items,
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

  /** @param {(subject: ExportSubject) => MadeFile | Promise<MadeFile>} make */
  async #save(make) {
    this.element.open = false;
    this.summary.focus({ preventScroll: true });
    try {
      const subject = this.subject();
      if (!subject) throw new Error("There is no map yet.");
      const { name, content } = await make(subject);
      download(name, content);
      this.onTrouble("");
    } catch (error) {
      console.warn(error);
      this.onTrouble("The file could not be made. Wait until the map's axes are there, then try again.");
    }
  }
}

/** A small menu from which the map goes into a file: as a picture, as vectors, as numbers. */

import { download, element } from "../../dom/dom.js";
import { latentsCsv } from "./latents-csv.js";
import { figurePng, figureSvg } from "./map-figure.js";

export class ExportMenu {
  /**
   * @param {import("../drawing/map.js").LatentMap} map
   * @param {() => {space: import("../../latent/space.js").Space, title: string, stem: string}} subject  asked when a file is made;
   *     `stem` is the beginning of its name
   * @param {(sentence: string) => void} onTrouble
   */
  constructor(map, subject, onTrouble) {
    Object.assign(this, { map, subject, onTrouble });
    const item = (text, hint, make) =>
      element("button", { type: "button", title: hint, click: () => this.#save(make) }, text);
    const items = element(
      "div",
      { class: "le-menu-items" },
      item("Picture (PNG)", "The map as it is, at twice its size", async ({ title, stem }) => {
        return { name: `${stem}.png`, content: await figurePng(map, title) };
      }),
      item(
        "Vectors (SVG)",
        "The map as it is; points and words stay sharp at any size",
        async ({ title, stem }) => {
          return {
            name: `${stem}.svg`,
            content: new Blob([await figureSvg(map, title)], { type: "image/svg+xml" }),
          };
        },
      ),
      item("Latents (CSV)", "Each image's code and its place on the map", async ({ space, stem }) => {
        const text = latentsCsv(space, map.positions);
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

  /** @param {(subject: ReturnType<ExportMenu["subject"]>) => Promise<{name: string, content: Blob}>} make */
  async #save(make) {
    this.element.open = false;
    this.summary.focus({ preventScroll: true });
    try {
      const { name, content } = await make(this.subject());
      download(name, content);
      this.onTrouble("");
    } catch (error) {
      console.warn(error);
      this.onTrouble("The file could not be made. Wait until the map's axes are there, then try again.");
    }
  }
}

/** The choice of the map's axes: UMAP, PCA, or two latent dimensions, and which two. */

import { axesKinds } from "./axes.js";
import { element, uniqueId } from "./dom.js";
import { heaviestFirst, weightPerDim } from "./space.js";

/** @typedef {import("./space.js").Space} Space */

const KIND_NAMES = { umap: "UMAP", pca: "PCA", latent: "Two dimensions" };

export class AxesTools {
  /** @param {(name: string) => void} onChoose  told the axes as in the URL */
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.ids = { kinds: uniqueId("axes"), x: uniqueId("x"), y: uniqueId("y") };
  }

  /**
   * @param {Space} space
   * @param {string} axesName
   * @returns {HTMLElement[]} none where there is nothing to choose
   */
  make(space, axesName) {
    if (space.dims < 3) return [];
    const kind = /^\d/.test(axesName) ? "latent" : axesName;
    const heaviest = heaviestFirst(weightPerDim(space));
    const buttons = axesKinds(space).map((each) =>
      element(
        "button",
        {
          type: "button",
          id: `${this.ids.kinds}-${each}`,
          "aria-pressed": String(each === kind),
          click: () => this.onChoose(each === "latent" ? `${heaviest[0]},${heaviest[1]}` : each),
        },
        KIND_NAMES[each],
      ),
    );
    const segments = element(
      "div",
      { class: "le-segments", role: "group", "aria-label": "Axes of the map" },
      ...buttons,
    );
    return kind === "latent" ? [segments, this.#dimensions(space, axesName)] : [segments];
  }

  /** @param {Space} space @param {string} axesName  e.g. "0,1" */
  #dimensions(space, axesName) {
    const chosen = axesName.split(",").map(Number);
    const select = (axis, id, label) => {
      const options = Array.from({ length: space.dims }, (_, d) =>
        element("option", { value: d, selected: d === chosen[axis] }, `z${d}`),
      );
      return element(
        "select",
        {
          id,
          "aria-label": label,
          change: (event) => {
            const dim = Number(event.target.value);
            const other = dim === chosen[1 - axis] ? chosen[axis] : chosen[1 - axis];
            this.onChoose(axis === 0 ? `${dim},${other}` : `${other},${dim}`);
          },
        },
        ...options,
      );
    };
    return element(
      "div",
      { class: "le-pair" },
      select(0, this.ids.x, "Dimension to the right"),
      "×",
      select(1, this.ids.y, "Dimension upwards"),
    );
  }
}

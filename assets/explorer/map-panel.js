/** The map with what belongs around it: the choice of axes and colours above, the legend and a caption below. */

import { axesKinds, checkedAxes, makeAxes } from "./axes.js";
import { colourings, makeColouring } from "./colouring.js";
import { element, uniqueId } from "./dom.js";
import { Legend } from "./legend.js";
import { LatentMap } from "./map.js";
import { heaviestFirst, weightPerDim } from "./space.js";

/** @typedef {import("./space.js").Space} Space */

const KIND_NAMES = { umap: "UMAP", pca: "PCA", latent: "Two dimensions" };
const HELP = "Click to pin a latent, arrow keys to walk, Ctrl and the wheel to zoom, drag to pan.";

export class MapPanel {
  /**
   * @param {object} options
   * @param {import("./walk.js").Walk} options.walk
   * @param {string} options.plotlyUrl
   * @param {() => void} [options.onHand]
   * @param {(x: number, y: number, stamp: number) => boolean} [options.onPick]
   * @param {(name: string) => void} [options.onAxes]  someone chose other axes
   * @param {HTMLElement | null} [options.actions]     more to stand above the map
   * @param {string} [options.help]                    what the hand can do
   */
  constructor({ walk, plotlyUrl, onHand, onPick, onAxes = () => {}, actions = null, help = HELP }) {
    this.onAxes = onAxes;
    this.help = help;
    this.trouble = element("p", { class: "le-caption le-trouble", role: "status" });
    this.map = new LatentMap({
      walk,
      plotlyUrl,
      description: "Map of the latent space. Arrow keys walk over it, Home goes to its centre.",
      onTrouble: (sentence) => {
        this.trouble.textContent = sentence;
      },
      onHand,
      onPick,
    });
    this.legend = new Legend((hidden) => this.map.recolour(this.colouring, hidden));
    this.tools = element("div", { class: "le-tool-group" });
    this.caption = element("p", { class: "le-caption" });
    this.element = element(
      "section",
      { class: "le-map-panel", "aria-label": "Map of the latent space" },
      element("div", { class: "le-tools" }, this.tools, actions),
      this.map.element,
      this.legend.element,
      this.caption,
      this.trouble,
    );
    /** @type {Space | null} */
    this.space = null;
    this.axesName = "";
    this.by = "";
    this.ids = { kinds: uniqueId("axes"), x: uniqueId("x"), y: uniqueId("y"), by: uniqueId("by") };
  }

  /**
   * Show a space.
   *
   * @param {Space} space
   * @param {string | null} [axesName]  as in the URL; the default if it does not fit
   */
  show(space, axesName = null) {
    this.space = space;
    this.axesName = checkedAxes(axesName, space);
    if (!colourings(space).includes(this.by)) this.by = colourings(space)[0] ?? "none";
    this.colouring = makeColouring(space, this.by);
    this.axes = makeAxes(this.axesName, space);
    this.map.hidden = new Set();
    this.legend.show(this.colouring);
    this.map.show(this.axes, this.colouring);
    this.#describe();
    this.#makeTools();
  }

  /** @param {string | null} name  axes wanted from outside */
  setAxes(name) {
    const checked = checkedAxes(name, this.space);
    if (checked === this.axesName) return;
    this.axesName = checked;
    this.axes = makeAxes(checked, this.space);
    this.map.show(this.axes, this.colouring);
    this.#describe();
    this.#makeTools();
  }

  close() {
    this.map.close();
  }

  #choose(name) {
    this.setAxes(name);
    this.onAxes(this.axesName);
  }

  #makeTools() {
    const focused = this.tools.contains(document.activeElement) ? document.activeElement.id : "";
    this.tools.replaceChildren(...this.#axesTools(), ...this.#colourTools());
    if (focused) document.getElementById(focused)?.focus();
  }

  #axesTools() {
    const { dims } = this.space;
    if (dims < 3) return [];
    const kind = /^\d/.test(this.axesName) ? "latent" : this.axesName;
    const heaviest = heaviestFirst(weightPerDim(this.space));
    const buttons = axesKinds(this.space).map((each) =>
      element(
        "button",
        {
          type: "button",
          id: `${this.ids.kinds}-${each}`,
          "aria-pressed": String(each === kind),
          click: () => this.#choose(each === "latent" ? `${heaviest[0]},${heaviest[1]}` : each),
        },
        KIND_NAMES[each],
      ),
    );
    const tools = [
      element("div", { class: "le-segments", role: "group", "aria-label": "Axes of the map" }, ...buttons),
    ];
    if (kind === "latent") tools.push(this.#dimensionTools());
    return tools;
  }

  #dimensionTools() {
    const chosen = this.axesName.split(",").map(Number);
    const select = (axis, id, label) => {
      const options = Array.from({ length: this.space.dims }, (_, d) =>
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
            this.#choose(axis === 0 ? `${dim},${other}` : `${other},${dim}`);
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

  #colourTools() {
    const choices = colourings(this.space);
    if (choices.length < 2) return [];
    const select = element(
      "select",
      {
        id: this.ids.by,
        change: (event) => {
          this.by = event.target.value;
          this.colouring = makeColouring(this.space, this.by);
          this.legend.show(this.colouring);
          this.map.recolour(this.colouring, new Set());
        },
      },
      ...choices.map((name) => element("option", { value: name, selected: name === this.by }, name)),
    );
    return [element("label", { class: "le-colour-by" }, "Colour by", select)];
  }

  #describe() {
    const { space, axesName } = this;
    const others = space.dims - 2;
    const texts = {
      umap: () =>
        "UMAP keeps neighbours together; how far apart groups lie, and how large they are, means little. " +
        "Between dots the picture is an estimate.",
      pca: () =>
        `The plane in which the codes spread most: ${explainedPercent(space)} of their variance. ` +
        "The other directions stay at the pinned latent.",
      0: () =>
        "The only dimension goes to the right; upwards, dots are spread out to be told apart. " +
        "Above them: how densely they lie, and the prior as a dashed line.",
      pair: () =>
        others > 0
          ? `The other ${others > 1 ? `${others} dimensions stay` : "dimension stays"} at the pinned latent.`
          : "Every place decodes to a picture.",
    };
    this.caption.textContent = `${(texts[axesName] ?? texts.pair)()} ${this.help}`;
  }
}

/** @param {Space} space @returns {string} share of the codes' variance that lies in the plane of the PCA */
export function explainedPercent(space) {
  const { mean, dims, count } = space;
  const plane = makeAxes("pca", space).points();
  const total = spread(mean, dims, count);
  return total > 0 ? `${Math.round((100 * spread(plane, 2, count)) / total)} %` : "all";
}

/** Summed variance of all columns. */
function spread(values, wide, count) {
  const first = new Float64Array(wide);
  const second = new Float64Array(wide);
  for (let p = 0; p < values.length; p++) {
    first[p % wide] += values[p];
    second[p % wide] += values[p] * values[p];
  }
  return second.reduce((sum, square, d) => sum + square / count - (first[d] / count) ** 2, 0);
}

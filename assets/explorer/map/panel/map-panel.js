/** The map with what belongs around it: axes, colours, layers and files above; legend, notes and a table below. */

import { element, uniqueId } from "../../dom/dom.js";
import { FoldedTable } from "../../dom/folded-table.js";
import { SaveMenu } from "../../dom/files/save-menu.js";
import { LatentMap } from "../drawing/map.js";
import { checkedAxes, makeAxes } from "../scene/axes.js";
import { colourings, makeColouring } from "../scene/colouring.js";
import { checkedLayers, offeredLayers } from "../scene/layer-kinds.js";
import { LayerKey } from "./layer-key.js";
import { mapFiles } from "./map-files.js";
import { mapTable } from "./map-table.js";
import { MapNotes } from "./notes.js";
import { AxesTools, LayerTools, Legend } from "./tools.js";

/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../scene/choices.js").MapChoices} MapChoices */
/** @typedef {import("../scene/colouring.js").Colouring} Colouring */
/** @typedef {import("../scene/layer-kinds.js").Layer} Layer */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */

/** @typedef {{mouse: string, finger: string}} Help  what can be done on the map, by what it is done with */

/** @typedef {{space: Space, axes: Axes, colouring: Colouring}} Shown */

/** @type {Help} */
const HELP = {
  mouse:
    "Click a dot to take its image, or any place to pin it; arrow keys walk, Ctrl and the wheel zoom, dragging pans.",
  finger:
    "Touch a dot to take its image; drag a finger to walk and lift it to pin a place; pinch to zoom, drag with two fingers to pan.",
};

/**
 * @typedef {object} Subject      whose map it is
 * @property {string} [model]     as the decoding service knows it; none yet: nothing is decoded under the points
 * @property {string} [name]      begins the names of files
 * @property {string} [title]     above a figure in a file
 * @property {boolean} [isLive]   its codes move
 */

export class MapPanel {
  /**
   * @param {object} options
   * @param {import("../../cursor/cursor.js").Cursor} options.cursor
   * @param {string} options.plotlyUrl
   * @param {Promise<unknown>} [options.first]   what is to be seen before Plotly.js has the page to itself for a while
   * @param {import("../../decode/service.js").DecodeService | null} [options.service]
   * @param {string[] | null} [options.layers]         those to be on at first, by name; null: what suits the model
   * @param {() => void} [options.onTouch]       the pointer came on to the map or moved there, or a key did
   * @param {(index: number, stamp: number) => boolean} [options.onPickImage]  a click on an image's dot; false: its code is pinned by the map
   * @param {(x: number, y: number, stamp: number) => boolean} [options.onPick]  any other click, in axis units; true: likewise
   * @param {(name: string) => void} [options.onAxes]  someone chose other axes
   * @param {(names: string[]) => void} [options.onLayers]  someone switched a layer
   * @param {Help} [options.help]
   */
  constructor({
    cursor,
    plotlyUrl,
    first,
    service = null,
    layers = null,
    onTouch,
    onPickImage,
    onPick,
    onAxes = () => {},
    onLayers = () => {},
    help = HELP,
  }) {
    this.cursor = cursor;
    this.onAxes = onAxes;
    this.onLayers = onLayers;
    this.trouble = element("p", { class: "le-caption le-trouble", role: "status" });
    const onTrouble = (/** @type {string} */ sentence) => {
      this.trouble.textContent = sentence;
    };
    this.map = new LatentMap({
      cursor,
      plotlyUrl,
      first,
      service,
      description: "Map of the latent space. Arrow keys walk over it, Home goes to its centre.",
      onTrouble,
      onTouch,
      onPickImage,
      onPick,
    });
    this.key = new LayerKey();
    this.map.element.append(this.key.element);
    this.legend = new Legend((hidden) => {
      if (this.shown) this.map.recolour(this.shown.colouring, hidden);
    });
    this.tools = element("div", { class: "le-tool-group" });
    this.axesTools = new AxesTools((name) => this.#choose(name));
    this.layerTools = new LayerTools((name) => this.#toggle(name));
    this.menu = new SaveMenu(
      mapFiles(() => this.#file()),
      onTrouble,
      "The file could not be made. Wait until the map's axes are there, then try again.",
    );
    this.notes = new MapNotes(matchMedia("(pointer: coarse)").matches ? help.finger : help.mouse);
    this.table = new FoldedTable("Where the images lie on the map", () => this.#tableContent());
    this.element = element(
      "section",
      { class: "le-map-panel", "aria-label": "Map of the latent space" },
      element("div", { class: "le-tools" }, this.tools),
      element("div", { class: "le-tools" }, this.layerTools.element, this.menu.element),
      this.map.element,
      this.legend.element,
      this.notes.element,
      this.table.element,
      this.trouble,
    );
    /** What is on the map; null before there is a model. @type {Shown | null} */
    this.shown = null;
    /** @type {Subject} */
    this.subject = {};
    this.axesName = "";
    /** What points are coloured by, as `colourings` names it. */
    this.by = "";
    /** Switched on, whether or not these axes offer them. @type {Set<LayerName>} */
    this.wanted = checkedLayers(layers);
    /** Whether someone chose these: another space does not change them then. */
    this.areLayersChosen = layers !== null;
    this.colourId = uniqueId("by");
  }

  /** @returns {Space | null} whose images the points are; null before there is a model */
  get space() {
    return this.shown?.space ?? null;
  }

  /** @returns {Axes | null} what the points lie on; null before there is a model */
  get axes() {
    return this.shown?.axes ?? null;
  }

  /**
   * Lay a space's images out on the map.
   *
   * @param {Space} space
   * @param {string | null} [axesName]  as in the URL; the default if it does not fit
   * @param {Subject} [subject]
   */
  showSpace(space, axesName = null, subject = {}) {
    this.subject = subject;
    this.axesName = checkedAxes(axesName, space);
    if (!this.areLayersChosen) this.wanted = checkedLayers(null, space);
    if (!colourings(space).includes(this.by)) this.by = colourings(space)[0] ?? "none";
    const colouring = makeColouring(space, this.by);
    this.legend.explain(colouring);
    this.map.read(space);
    if (subject.model) this.map.decodeBy(subject.model, space.config.image_shape);
    this.#layOut(space, colouring);
  }

  /** @param {string | null} name  axes wanted from outside */
  setAxes(name) {
    if (!this.shown) {
      this.axesName = name ?? "";
      return;
    }
    const { space, colouring } = this.shown;
    const checked = checkedAxes(name, space);
    if (checked === this.axesName) return;
    this.axesName = checked;
    this.cursor.forgetPlace();
    this.#layOut(space, colouring);
  }

  /** @param {string[] | null} names  layers wanted from outside */
  setLayers(names) {
    this.areLayersChosen = names !== null;
    this.wanted = checkedLayers(names, this.space);
    if (this.shown) this.#showLayers(this.shown);
  }

  /** @returns {MapChoices} what is chosen here, and what is seen of the axes */
  get choices() {
    const { axesName, by, legend, map, wanted } = this;
    const { ranges, size } = map.seen;
    return {
      axes: axesName || null,
      layers: [...checkedLayers([...wanted])],
      by: by || null,
      hidden: [...legend.hidden].sort((a, b) => a - b),
      ranges,
      size,
    };
  }

  /** Take another's choices. The axes are the view's to change. @param {Omit<MapChoices, "axes">} choices */
  takeChoices({ layers, by, hidden, ranges, size }) {
    const { shown } = this;
    if (!shown) return;
    const now = this.choices;
    if (layers && layers.join() !== now.layers?.join()) this.setLayers(layers);
    if (by && by !== now.by && colourings(shown.space).includes(by)) {
      this.#colourBy(by);
      this.#makeTools(shown);
    }
    if (hidden && hidden.join() !== this.choices.hidden?.join()) this.legend.hideOnly(hidden);
    if (ranges && size) this.map.followSeen({ ranges, size });
  }

  /** There is a decoder now, or its weights are newer. @param {string} model  as the decoding service knows it */
  decodeBy(model) {
    const isFirst = !this.subject.model;
    this.subject = { ...this.subject, model };
    if (!this.shown) return;
    this.map.decodeBy(model, this.shown.space.config.image_shape);
    if (isFirst) this.#showLayers(this.shown);
  }

  /** The codes of the space are new ones. */
  reread() {
    this.map.reread();
    this.table.refresh();
  }

  close() {
    this.menu.close();
    this.map.close();
  }

  /** @param {string} name  axes that someone chose here */
  #choose(name) {
    this.setAxes(name);
    this.onAxes(this.axesName);
  }

  /** Lay the points out on the axes that are chosen now. @param {Space} space @param {Colouring} colouring */
  #layOut(space, colouring) {
    const axes = makeAxes(this.axesName, space);
    const shown = { space, axes, colouring };
    this.shown = shown;
    this.map.layOut(axes, colouring, this.#visibleLayers(shown));
    this.notes.describe(axes, space, this.subject.isLive ?? false);
    this.#makeTools(shown);
    this.#explainLayers(shown);
    this.table.refresh();
  }

  /** @param {LayerName} name */
  #toggle(name) {
    this.areLayersChosen = true;
    if (!this.wanted.delete(name)) this.wanted.add(name);
    if (this.shown) this.#showLayers(this.shown);
    this.onLayers([...checkedLayers([...this.wanted])]);
  }

  /** @param {Shown} shown */
  #showLayers(shown) {
    this.map.setLayers(this.#visibleLayers(shown));
    this.#explainLayers(shown);
  }

  /** @param {Shown} shown */
  #explainLayers(shown) {
    this.layerTools.offer(this.#offered(shown), this.wanted);
    for (const each of [this.notes, this.key]) {
      each.explain(this.#visibleLayers(shown), shown.axes, shown.space);
    }
  }

  /** @param {Shown} shown @returns {Layer[]} */
  #offered({ axes, space }) {
    return offeredLayers(axes, space, Boolean(this.subject.model));
  }

  /** @param {Shown} shown @returns {Set<LayerName>} */
  #visibleLayers(shown) {
    return new Set(
      this.#offered(shown)
        .map(({ name }) => name)
        .filter((name) => this.wanted.has(name)),
    );
  }

  /** @param {Shown} shown */
  #makeTools({ space }) {
    const { activeElement } = document;
    const focused = activeElement && this.tools.contains(activeElement) ? activeElement.id : "";
    this.tools.replaceChildren(...this.axesTools.make(space, this.axesName), ...this.#colourTools(space));
    if (focused) document.getElementById(focused)?.focus();
  }

  /** @param {Space} space @returns {HTMLElement[]} none where there is nothing to choose */
  #colourTools(space) {
    const choices = colourings(space);
    if (choices.length < 2) return [];
    /** @type {HTMLSelectElement} */
    const select = element(
      "select",
      { id: this.colourId, change: () => this.#colourBy(select.value) },
      ...choices.map((name) => element("option", { value: name, selected: name === this.by }, name)),
    );
    return [element("label", { class: "le-colour-by" }, "Colour by", select)];
  }

  /** @param {string} by */
  #colourBy(by) {
    if (!this.shown) return;
    this.by = by;
    const colouring = makeColouring(this.shown.space, by);
    this.shown = { ...this.shown, colouring };
    this.legend.explain(colouring);
    this.map.recolour(colouring, new Set());
    this.table.refresh();
  }

  #tableContent() {
    if (!this.shown) return { head: [], rows: [] };
    return mapTable(this.shown.colouring, this.map.positions, this.shown.axes.titles);
  }

  /** What a file of the map is about. */
  #file() {
    const { space, subject, axesName } = this;
    if (!space) return null;
    const { name = "latent-map", title = "" } = subject;
    const { drawn, positions } = this.map;
    const stem = `${name}-${axesName.replace(",", "-")}`;
    return { space, positions, map: drawn, title: title || name, stem };
  }
}

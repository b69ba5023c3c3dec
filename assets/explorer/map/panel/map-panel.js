/** The map with what belongs around it: axes, colours, layers and files above; legend, notes and a table below. */

import { element, uniqueId } from "../../dom/dom.js";
import { FoldedTable } from "../../dom/folded-table.js";
import { LatentMap } from "../drawing/map.js";
import { checkedAxes, makeAxes } from "../scene/axes.js";
import { colourings, makeColouring } from "../scene/colouring.js";
import { checkedLayers, offeredLayers } from "../scene/layer-kinds.js";
import { ExportMenu } from "./export-menu.js";
import { mapTable } from "./map-table.js";
import { MapNotes } from "./notes.js";
import { AxesTools, LayerTools, Legend } from "./tools.js";

/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */

/** @typedef {{mouse: string, finger: string}} Help  what the hand can do, by what it does it with */

/** @type {Help} */
const HELP = {
  mouse: "Click to pin a latent, arrow keys to walk, Ctrl and the wheel to zoom, drag to pan.",
  finger: "Drag a finger to walk and lift it to pin a latent, pinch to zoom, drag with two fingers to pan.",
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
   * @param {import("../../decode/service.js").DecodeService | null} [options.service]
   * @param {string[] | null} [options.layers]         those to be on at first, by name; null: what suits the model
   * @param {() => void} [options.onHand]
   * @param {(x: number, y: number, stamp: number) => boolean} [options.onPick]
   * @param {(name: string) => void} [options.onAxes]  someone chose other axes
   * @param {(names: string[]) => void} [options.onLayers]  someone switched a layer
   * @param {HTMLElement | null} [options.actions]     more to stand above the map
   * @param {Help} [options.help]
   */
  constructor({
    cursor,
    plotlyUrl,
    service = null,
    layers = null,
    onHand,
    onPick,
    onAxes = () => {},
    onLayers = () => {},
    actions = null,
    help = HELP,
  }) {
    Object.assign(this, { onAxes, onLayers });
    this.trouble = element("p", { class: "le-caption le-trouble", role: "status" });
    const onTrouble = (sentence) => {
      this.trouble.textContent = sentence;
    };
    this.map = new LatentMap({
      cursor,
      plotlyUrl,
      service,
      description: "Map of the latent space. Arrow keys walk over it, Home goes to its centre.",
      onTrouble,
      onHand,
      onPick,
    });
    this.legend = new Legend((hidden) => this.map.recolour(this.colouring, hidden));
    this.tools = element("div", { class: "le-tool-group" });
    this.axesTools = new AxesTools((name) => this.#choose(name));
    this.layerTools = new LayerTools((name) => this.#toggle(name));
    this.menu = new ExportMenu(this.map, () => this.#file(), onTrouble);
    this.notes = new MapNotes(matchMedia("(pointer: coarse)").matches ? help.finger : help.mouse);
    this.table = new FoldedTable(
      "Where the images lie on the map",
      () => mapTable(this.colouring, this.map.positions, this.axes.titles),
    );
    this.element = element(
      "section",
      { class: "le-map-panel", "aria-label": "Map of the latent space" },
      element("div", { class: "le-tools" }, this.tools, actions),
      element("div", { class: "le-tools" }, this.layerTools.element, this.menu.element),
      this.map.element,
      this.legend.element,
      this.notes.element,
      this.table.element,
      this.trouble,
    );
    /** @type {Space | null} */
    this.space = null;
    /** @type {Subject} */
    this.subject = {};
    this.axesName = "";
    this.by = "";
    /** Switched on, whether or not these axes offer them. @type {Set<LayerName>} */
    this.wanted = checkedLayers(layers);
    this.colourId = uniqueId("by");
  }

  /**
   * Show a space.
   *
   * @param {Space} space
   * @param {string | null} [axesName]  as in the URL; the default if it does not fit
   * @param {Subject} [subject]
   */
  show(space, axesName = null, subject = {}) {
    this.space = space;
    this.subject = subject;
    this.axesName = checkedAxes(axesName, space);
    if (!colourings(space).includes(this.by)) this.by = colourings(space)[0] ?? "none";
    this.colouring = makeColouring(space, this.by);
    this.map.hidden = new Set();
    this.legend.show(this.colouring);
    this.map.read(space);
    if (subject.model) this.map.decodeBy(subject.model);
    this.#showAxes();
  }

  /** @param {string | null} name  axes wanted from outside */
  setAxes(name) {
    if (!this.space) {
      this.axesName = name ?? ""; // `show` will judge it
      return;
    }
    const checked = checkedAxes(name, this.space);
    if (checked === this.axesName) return;
    this.axesName = checked;
    this.map.cursor.forgetPlace();
    this.#showAxes();
  }

  /** @param {string[] | null} names  layers wanted from outside */
  setLayers(names) {
    this.wanted = checkedLayers(names);
    if (this.space) this.#showLayers();
  }

  /** There is a decoder now, or its weights are newer. @param {string} model  as the decoding service knows it */
  decodeBy(model) {
    const isFirst = !this.subject.model;
    this.subject = { ...this.subject, model };
    if (!this.space) return;
    this.map.decodeBy(model);
    if (isFirst) this.#showLayers();
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

  #choose(name) {
    this.setAxes(name);
    this.onAxes(this.axesName);
  }

  #showAxes() {
    this.axes = makeAxes(this.axesName, this.space);
    this.map.show(this.axes, this.colouring, this.#visibleLayers());
    this.notes.describe(this.axes, this.space, this.subject.isLive ?? false);
    this.#makeTools();
    this.#tellLayers();
    this.table.refresh();
  }

  /** @param {LayerName} name */
  #toggle(name) {
    if (!this.wanted.delete(name)) this.wanted.add(name);
    this.#showLayers();
    this.onLayers([...checkedLayers([...this.wanted])]);
  }

  #showLayers() {
    this.map.setLayers(this.#visibleLayers());
    this.#tellLayers();
  }

  #tellLayers() {
    this.layerTools.show(this.#offered(), this.wanted);
    this.notes.explain(this.#visibleLayers(), this.axes, this.space);
  }

  #offered() {
    return offeredLayers(this.axes, this.space.isGaussian, Boolean(this.subject.model));
  }

  /** @returns {Set<LayerName>} */
  #visibleLayers() {
    return new Set(
      this.#offered()
        .map(({ name }) => name)
        .filter((name) => this.wanted.has(name)),
    );
  }

  #makeTools() {
    const focused = this.tools.contains(document.activeElement) ? document.activeElement.id : "";
    this.tools.replaceChildren(...this.axesTools.make(this.space, this.axesName), ...this.#colourTools());
    if (focused) document.getElementById(focused)?.focus();
  }

  #colourTools() {
    const choices = colourings(this.space);
    if (choices.length < 2) return [];
    const select = element(
      "select",
      {
        id: this.colourId,
        change: (event) => {
          this.by = event.target.value;
          this.colouring = makeColouring(this.space, this.by);
          this.legend.show(this.colouring);
          this.map.recolour(this.colouring, new Set());
          this.table.refresh();
        },
      },
      ...choices.map((name) => element("option", { value: name, selected: name === this.by }, name)),
    );
    return [element("label", { class: "le-colour-by" }, "Colour by", select)];
  }

  /** What a file of the map is about. */
  #file() {
    const { space, subject, axesName } = this;
    const { name = "latent-map", title = "" } = subject;
    const axes = axesName.replace(",", "-");
    return { space, title: title || name, stem: `${name}-${axes}` };
  }
}

/**
 * What lies under the map's points: decoded pictures, density, posteriors, prior; on a canvas of its own.
 *
 * It is drawn when the frame, the axes or the codes change, never because a hand moves over it.
 */

import { freshCanvas } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";
import { CanvasPen } from "../scene/pen.js";
import { Density } from "./density.js";
import { Ellipses } from "./ellipses.js";
import { Manifold } from "./manifold.js";
import { drawBands, drawRings, nameBands, nameRings } from "./prior-rings.js";

/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */
/** @typedef {import("../scene/pen.js").CanvasPen | import("../scene/pen.js").SvgPen} Pen */

export class Underlay {
  /**
   * @param {import("../drawing/map.js").LatentMap} map                 whose frame, points and colours it follows
   * @param {import("../../decode/service.js").DecodeService | null} service  null: nothing can be decoded
   */
  constructor(map, service) {
    this.map = map;
    this.element = element("canvas", { class: "le-layer", "data-role": "layers", "aria-hidden": "true" });
    const later = () => this.#drawSoon();
    this.manifold = service && new Manifold(service, later);
    this.density = new Density(later);
    this.ellipses = new Ellipses();
    /** Those to be seen. @type {Set<LayerName>} */
    this.layers = new Set();
    /** @type {Axes | null} */
    this.axes = null;
    this.frame = 0;
  }

  /** @param {Set<LayerName>} layers  that are on and make sense on these axes */
  choose(layers) {
    const { manifold, density } = this;
    if (!layers.has("manifold")) manifold?.clear();
    if (!layers.has("density")) density.clear();
    this.layers = layers;
    this.#readPosteriors();
    this.follow();
  }

  /** @param {Axes} axes  other axes, or another space */
  lieOn(axes) {
    this.axes = axes;
    this.manifold?.clear();
    this.density.clear();
    this.#readPosteriors();
  }

  /** The codes have moved, as those of a run do: what is drawn of them is made anew. */
  reread() {
    this.#readPosteriors();
    this.follow();
  }

  /** The frame or the pinned latent is another one: get what is missing, and draw what is there. */
  follow() {
    const { map, axes, layers } = this;
    if (!axes) return;
    if (layers.has("manifold")) this.manifold?.want(map.frame, axes, map.cursor.pinned);
    if (layers.has("density")) this.density.want(map.frame, axes);
    this.draw();
  }

  /** The decoder's weights are newer. */
  redecode() {
    const { map, axes, layers } = this;
    if (axes && layers.has("manifold")) this.manifold?.want(map.frame, axes, map.cursor.pinned);
  }

  /** The pinned latent is another one; the decoded pictures go through it where there are directions besides the axes. */
  pinMoved() {
    const { axes, map } = this;
    const others = map.cursor.pinned.length - (axes.name === "0" ? 1 : 2);
    if (axes.isExact && others > 0) this.redecode();
  }

  /** Draw what is there. */
  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { context } = freshCanvas(this.element);
    if (this.axes && this.layers.size) this.paint(new CanvasPen(context));
  }

  /** Whether it must be drawn again while points move. */
  get movesWithPoints() {
    return this.layers.has("ellipses");
  }

  /** @param {Pen} pen */
  paint(pen) {
    const { map, axes, layers } = this;
    const { frame, theme } = map;
    pen.inside(frame, () => {
      if (layers.has("manifold")) this.manifold?.draw(pen, frame);
      if (layers.has("density")) this.density.draw(pen, frame);
      if (layers.has("ellipses")) {
        const { points, colouring, hidden } = map;
        this.ellipses.draw(pen, frame, points.now, colouring.groups, hidden, map.isMoving);
      }
      if (!layers.has("prior")) return;
      if (axes.name === "0") drawBands(pen, frame, theme);
      else drawRings(pen, frame, theme, axes.prior());
    });
  }

  /**
   * Draw the words that belong to the layers and stand above the points.
   *
   * @param {Pen} pen
   * @param {Array<[number, number]>} others  where other words stand, px
   */
  paintWords(pen, others) {
    if (!this.layers.has("prior")) return;
    const { frame, theme } = this.map;
    if (this.axes.name === "0") nameBands(pen, frame, theme);
    else nameRings(pen, frame, theme, this.axes.prior(), others);
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.manifold?.close();
    this.density.close();
    this.element.width = this.element.height = 0;
  }

  #readPosteriors() {
    const isWanted = this.layers.has("ellipse") || this.layers.has("ellipses");
    this.ellipses.read(isWanted && this.axes ? this.axes.covariances() : null);
  }

  #drawSoon() {
    this.frame ||= requestAnimationFrame(() => this.draw());
  }
}

/**
 * What lies under the map's points: decoded pictures, density, posteriors, prior; on a canvas of its own.
 *
 * It is drawn when the viewport, the axes or the codes change, never because the cursor moves over it.
 */

import { freshCanvas } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";
import { CanvasPen } from "../scene/pen.js";
import { drawCells } from "./cells.js";
import { Density } from "./density.js";
import { Ellipses, posteriorPlace } from "./ellipses.js";
import { Manifold } from "./manifold.js";
import { drawBands, drawRings, nameBands, nameRings } from "./prior-rings.js";

/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */
/** @typedef {import("../scene/pen.js").EllipsePlace} EllipsePlace */
/** @typedef {import("../scene/pen.js").Pen} Pen */
/** @typedef {import("../scene/viewport.js").Pixel} Pixel */

/**
 * @template {keyof import("../scene/scene.js").Scene} K
 * @typedef {import("../scene/scene.js").SceneOf<K>} SceneOf
 */

export class Underlay {
  /**
   * @param {object} options
   * @param {SceneOf<"axes" | "viewport" | "points" | "colouring" | "hidden" | "theme" | "space">} options.scene
   * @param {{readonly pinned: Float32Array}} options.cursor  whose pinned latent decoded pictures go through
   * @param {import("../../decode/service.js").DecodeService | null} options.service  null: nothing can be decoded
   * @param {() => boolean} options.isMoving  whether points are on their way
   */
  constructor({ scene, cursor, service, isMoving }) {
    this.scene = scene;
    this.cursor = cursor;
    this.isMoving = isMoving;
    this.element = element("canvas", { class: "le-layer", "data-role": "layers", "aria-hidden": "true" });
    const later = () => this.#drawSoon();
    this.manifold = service && new Manifold(service, later);
    this.density = new Density(later);
    this.ellipses = new Ellipses();
    /** Those to be seen. @type {Set<LayerName>} */
    this.layers = new Set();
    /** Whether one image is looked at closely, so that its posterior is to be seen whatever the layers say. */
    this.isLookedAt = false;
    this.drawRequest = 0;
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

  /** The axes are others, or the space is: what was drawn lies nowhere any more. */
  changeAxes() {
    this.density.isOfPoints = this.scene.space?.isGaussian === false;
    this.manifold?.clear();
    this.density.clear();
    this.#readPosteriors();
  }

  /** The codes have moved, as those of a run do: what is drawn of them is made anew. */
  reread() {
    this.#readPosteriors();
    this.follow();
  }

  /** The viewport or the pinned latent is another one: get what is missing, and draw what is there. */
  follow() {
    const { axes, viewport } = this.scene;
    if (!axes) return;
    if (this.layers.has("manifold")) this.manifold?.want(viewport, axes, this.cursor.pinned);
    if (this.layers.has("density")) this.density.want(viewport, axes);
    this.draw();
  }

  /**
   * Take decoded pictures from this model from now on, or from newer weights of the same.
   *
   * @param {string} model                    as the decoding service knows it
   * @param {[number, number, number]} shape  of a picture, (C, H, W)
   * @param {boolean} isLive                  its weights change all the time
   */
  decodeBy(model, shape, isLive) {
    this.manifold?.use(model, shape, isLive);
    this.#decode();
  }

  /** The pinned latent is another one; the decoded pictures go through it where there are directions besides the axes. */
  pinMoved() {
    const { axes } = this.scene;
    if (!axes) return;
    const others = this.cursor.pinned.length - (axes.name === "0" ? 1 : 2);
    if (axes.isExact && others > 0) this.#decode();
  }

  /** Draw what is there. */
  draw() {
    cancelAnimationFrame(this.drawRequest);
    this.drawRequest = 0;
    const { context } = freshCanvas(this.element);
    if (this.layers.size || this.scene.axes?.cells) this.paint(new CanvasPen(context));
  }

  /** Whether it must be drawn again while points move. */
  get movesWithPoints() {
    return this.layers.has("ellipses");
  }

  /** Whether the posterior of the image nearest to the cursor is to be seen, and there are posteriors. */
  get hasOnePosterior() {
    return this.layers.has("ellipse") && this.ellipses.shapes !== null;
  }

  /** @param {boolean} isLookedAt  one image is looked at closely */
  lookAt(isLookedAt) {
    this.isLookedAt = isLookedAt;
    if (isLookedAt && !this.ellipses.shapes) this.#readPosteriors();
  }

  /** @param {number} index @returns {EllipsePlace | null} one image's posterior; null where it has none */
  posteriorOf(index) {
    const { viewport, points } = this.scene;
    return this.ellipses.place(viewport, points.now, index);
  }

  /**
   * @param {Float32Array} mean           of an image that is none of the map's, (D,)
   * @param {Float32Array | null} logvar  (D,)
   * @returns {EllipsePlace | null} its posterior; null where it has no shape on these axes
   */
  posteriorAt(mean, logvar) {
    const { axes, viewport } = this.scene;
    const covariance = axes?.covariances(logvar);
    return axes && covariance ? posteriorPlace(viewport, covariance, axes.place(mean)) : null;
  }

  /** @param {Pen} pen */
  paint(pen) {
    const { scene, layers } = this;
    const { axes, viewport, theme } = scene;
    if (!axes) return;
    pen.inside(viewport, () => {
      if (layers.has("manifold")) this.manifold?.draw(pen, viewport);
      if (axes.cells) drawCells(pen, viewport, axes.cells, theme);
      if (layers.has("density")) this.density.draw(pen, viewport);
      if (layers.has("ellipses")) {
        const { points, colouring, hidden } = scene;
        this.ellipses.draw(pen, viewport, points.now, colouring.groups, hidden, this.isMoving());
      }
      const centre = layers.has("prior") ? axes.prior() : null;
      if (!centre) return;
      if (axes.name === "0") drawBands(pen, viewport, theme);
      else drawRings(pen, viewport, theme, centre);
    });
  }

  /**
   * Draw the words that belong to the layers and stand above the points.
   *
   * @param {Pen} pen
   * @param {Pixel[]} others  where other words stand
   */
  paintWords(pen, others) {
    const { axes, viewport, theme } = this.scene;
    const centre = this.layers.has("prior") ? axes?.prior() : null;
    if (!axes || !centre) return;
    if (axes.name === "0") nameBands(pen, viewport, theme);
    else nameRings(pen, viewport, theme, centre, others);
  }

  close() {
    cancelAnimationFrame(this.drawRequest);
    this.manifold?.close();
    this.density.close();
    this.element.width = this.element.height = 0;
  }

  #decode() {
    const { axes, viewport } = this.scene;
    if (axes && this.layers.has("manifold")) this.manifold?.want(viewport, axes, this.cursor.pinned);
  }

  #readPosteriors() {
    const isWanted = this.isLookedAt || this.layers.has("ellipse") || this.layers.has("ellipses");
    this.ellipses.read(isWanted && this.scene.axes ? this.scene.axes.covariances() : null);
  }

  #drawSoon() {
    this.drawRequest ||= requestAnimationFrame(() => this.draw());
  }
}

/**
 * What stands above the map's points and does not move with the cursor: images on them, the classes' names, a path, a
 * line's density, and what a view draws of its own. The same for the screen and for a figure that is exported.
 */

import { freshCanvas } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";
import { drawLineDensity } from "../layers/line-density.js";
import { CanvasPen } from "../scene/pen.js";
import { drawNames, drawPath, namePlaces } from "./labels.js";
import { Thumbnails } from "./thumbnails.js";

/** @typedef {import("../scene/pen.js").Pen} Pen */
/** @typedef {import("../scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../../dom/theme.js").Theme} Theme */

/**
 * @template {keyof import("../scene/scene.js").Scene} K
 * @typedef {import("../scene/scene.js").SceneOf<K>} SceneOf
 */

/** @typedef {(context: CanvasRenderingContext2D, viewport: Viewport, theme: Theme) => void} ExtraDrawing  in CSS pixels */

/** On a map narrower than this, in px, names would cover the points. */
const ROOM_FOR_NAMES = 200;

export class Overlay {
  /**
   * @param {SceneOf<"axes" | "viewport" | "points" | "colouring" | "hidden" | "theme" | "space">} scene
   * @param {Pick<import("../layers/underlay.js").Underlay, "paintWords">} underlay  whose words stand above the points
   */
  constructor(scene, underlay) {
    this.scene = scene;
    this.underlay = underlay;
    this.element = element("canvas", { class: "le-layer", "aria-hidden": "true" });
    this.thumbnails = new Thumbnails();
    /** In axis units, (M, 2). @type {Float32Array | null} */
    this.path = null;
    /** What a view draws above all else. @type {ExtraDrawing | null} */
    this.extra = null;
  }

  /** @param {Float32Array | null} path  (M, 2) in axis units */
  drawPath(path) {
    this.path = path;
    this.draw();
  }

  /**
   * Draw something more above all else, whenever the map is drawn.
   *
   * @param {ExtraDrawing | null} extra
   */
  drawAbove(extra) {
    this.extra = extra;
    this.draw();
  }

  draw() {
    const { axes, viewport, theme } = this.scene;
    if (!axes) return;
    const { context } = freshCanvas(this.element);
    this.paint(new CanvasPen(context));
    this.extra?.(context, viewport, theme);
  }

  /** @param {Pen} pen */
  paint(pen) {
    const { axes, viewport, theme, points, colouring, hidden, space } = this.scene;
    if (!axes) return;
    pen.inside(viewport, () => {
      if (axes.name === "0" && !axes.cells) {
        drawLineDensity(pen, viewport, theme, points.now, axes.covariances());
      }
      if (space) this.thumbnails.draw(pen, viewport, space, points.now, colouring.groups, hidden);
      if (this.path) drawPath(pen, viewport, theme, this.path);
    });
    const hasNames = colouring.by === "class" && viewport.width > ROOM_FOR_NAMES;
    const names = hasNames ? namePlaces(colouring.groups, points.now, hidden, axes.cells !== null) : [];
    this.underlay.paintWords(
      pen,
      names.map(({ x, y }) => viewport.toPixels(x, y)),
    );
    drawNames(pen, viewport, theme, names);
  }

  /** Give the memory back. */
  close() {
    this.element.width = this.element.height = 0;
  }
}

/**
 * What stands above the map's points and does not move with the hand: images on them, the classes' names, a path, a
 * line's density, and what a view draws of its own. The same for the screen and for a figure that is exported.
 */

import { freshCanvas } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";
import { drawLineDensity } from "../layers/line-density.js";
import { CanvasPen } from "../scene/pen.js";
import { drawNames, drawPath, namePlaces } from "./labels.js";
import { Thumbnails } from "./thumbnails.js";

/** @typedef {import("../scene/viewport.js").Frame} Frame */
/** @typedef {import("../../dom/theme.js").Theme} Theme */

/** On a map narrower than this, in px, names would cover the points. */
const ROOM_FOR_NAMES = 200;

export class Overlay {
  /** @param {import("./map.js").LatentMap} map  whose frame, points and colours it follows */
  constructor(map) {
    this.map = map;
    this.element = element("canvas", { class: "le-layer", "aria-hidden": "true" });
    this.thumbnails = new Thumbnails();
    /** @type {Float32Array | null} */
    this.path = null;
    /** @type {((context: CanvasRenderingContext2D, frame: Frame, theme: Theme) => void) | null} */
    this.own = null;
  }

  /** @param {Float32Array | null} path  (M, 2) in axis units */
  showPath(path) {
    this.path = path;
    this.draw();
  }

  /**
   * Draw something of one's own above all else, whenever the map is drawn.
   *
   * @param {((context: CanvasRenderingContext2D, frame: Frame, theme: Theme) => void) | null} own
   */
  showOwn(own) {
    this.own = own;
    this.draw();
  }

  draw() {
    const { axes, frame, theme } = this.map;
    if (!axes) return;
    const { context } = freshCanvas(this.element);
    this.paint(new CanvasPen(context));
    this.own?.(context, frame, theme);
  }

  /** @param {CanvasPen | import("../scene/pen.js").SvgPen} pen */
  paint(pen) {
    const { axes, frame, theme, points, colouring, hidden, underlay } = this.map;
    pen.inside(frame, () => {
      if (axes.name === "0") drawLineDensity(pen, frame, theme, points.now, axes.covariances());
      this.thumbnails.draw(pen, frame, points.now, colouring.groups, hidden);
      if (this.path) drawPath(pen, frame, theme, this.path);
    });
    const hasNames = colouring.by === "class" && frame.width > ROOM_FOR_NAMES;
    const names = hasNames ? namePlaces(colouring.groups, points.now, hidden) : [];
    underlay.paintWords(
      pen,
      names.map(({ x, y }) => frame.toPixels(x, y)),
    );
    drawNames(pen, frame, theme, names);
  }

  /** Give the memory back. */
  close() {
    this.element.width = this.element.height = 0;
  }
}

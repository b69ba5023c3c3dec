/** A canvas that is drawn by hand, anew whenever its size or the theme is another. */

import { freshCanvas } from "../../../dom/canvas.js";
import { element } from "../../../dom/dom.js";
import { readTheme } from "../../../dom/theme.js";

/** @typedef {import("../../../dom/theme.js").Theme} Theme */

/**
 * @typedef {object} Frame   what is drawn on, in CSS pixels of a page with type of the usual size
 * @property {CanvasRenderingContext2D} context
 * @property {number} width
 * @property {number} height
 * @property {Theme} theme
 */

/** Size of a page's type, as browsers have it if nobody asks for more, in px. */
const USUAL_TYPE = 16;

export class Drawing {
  /**
   * @param {string} label  what is to be seen
   * @param {(frame: Frame) => void} paint
   * @param {import("../../../dom/dom.js").Attributes} [attributes]
   */
  constructor(label, paint, attributes = {}) {
    this.paint = paint;
    this.canvas = element("canvas", {
      role: "img",
      "aria-label": label,
      ...attributes,
      class: `le-drawing ${attributes.class ?? ""}`.trim(),
    });
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.canvas);
  }

  /** @param {string} label  what is to be seen now */
  describe(label) {
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
  }

  draw() {
    if (!this.canvas.isConnected || !this.canvas.clientWidth) return;
    const theme = readTheme(this.canvas);
    const { context, width, height } = freshCanvas(this.canvas);
    // Where the page's type is large, for a class that looks on, so is what is drawn.
    const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL_TYPE;
    context.scale(scale, scale);
    context.font = `12px ${theme.font}`;
    this.paint({ context, width: width / scale, height: height / scale, theme });
  }

  close() {
    this.observer.disconnect();
    this.canvas.width = this.canvas.height = 0;
  }
}

/**
 * Draw a line through points.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Array<[number, number]>} points  px
 * @param {string} colour
 * @param {{width?: number, dash?: number[]}} [how]
 */
export function drawLine(context, points, colour, { width = 2, dash = [] } = {}) {
  context.save();
  Object.assign(context, { strokeStyle: colour, lineWidth: width, lineJoin: "round" });
  context.setLineDash(dash);
  context.beginPath();
  points.forEach(([x, y], n) => n ? context.lineTo(x, y) : context.moveTo(x, y));
  context.stroke();
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {string} colour
 */
export function drawDot(context, x, y, radius, colour) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

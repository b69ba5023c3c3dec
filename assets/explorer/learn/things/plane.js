/** A piece of the plane with points in it, drawn by hand; a press on it is a place. */

import { drawDot, Drawing } from "./drawing.js";

/** @typedef {[number, number]} Point */

export class Plane {
  /**
   * @param {object} options
   * @param {string} options.label
   * @param {number} options.reach  the plane goes so far in every direction
   * @param {(at: Point, reach: number) => void} options.onPress  where, and how near counts as there, in units
   * @param {(plane: Plane, frame: import("./drawing.js").Frame) => void} options.paint  what is in it
   * @param {import("../../dom/dom.js").Attributes} [options.attributes]
   */
  constructor({ label, reach, onPress, paint, attributes = {} }) {
    this.reach = reach;
    this.size = 1;
    this.drawing = new Drawing(label, (frame) => {
      this.size = frame.width;
      const { context, theme, width, height } = frame;
      context.strokeStyle = theme.line;
      context.strokeRect(0.5, 0.5, width - 1, height - 1);
      for (
        const [a, b]
          of /** @type {Array<[Point, Point]>} */ ([[[-reach, 0], [reach, 0]], [[0, -reach], [0, reach]]])
      ) {
        context.beginPath();
        context.moveTo(...this.toPixels(a));
        context.lineTo(...this.toPixels(b));
        context.stroke();
      }
      paint(this, frame);
    }, { ...attributes, class: "le-plane" });
    const { canvas } = this.drawing;
    canvas.addEventListener("pointerdown", (event) => {
      const box = canvas.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * 2 - 1;
      const y = 1 - ((event.clientY - box.top) / box.height) * 2;
      onPress([x * reach, y * reach], (12 / box.width) * 2 * reach);
    });
  }

  /** @param {Point} at @returns {Point} px */
  toPixels([x, y]) {
    return [((x / this.reach + 1) / 2) * this.size, ((1 - y / this.reach) / 2) * this.size];
  }

  /** @param {CanvasRenderingContext2D} context @param {Point} at @param {number} radius @param {string} colour */
  dot(context, at, radius, colour) {
    drawDot(context, ...this.toPixels(at), radius, colour);
  }

  draw() {
    this.drawing.draw();
  }

  close() {
    this.drawing.close();
  }
}

/**
 * @param {Point[]} points
 * @param {Point} at
 * @returns {{index: number, distance: number}} the nearest; -1 where there is none
 */
export function nearestOf(points, at) {
  let [index, distance] = [-1, Infinity];
  points.forEach(([x, y], n) => {
    const far = Math.hypot(x - at[0], y - at[1]);
    if (far < distance) [index, distance] = [n, far];
  });
  return { index, distance };
}

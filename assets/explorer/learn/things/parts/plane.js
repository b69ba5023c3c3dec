/** A piece of the plane with points in it, drawn by hand; a press on it, or Enter where the arrow keys went, is a place. */

import { drawDot, Drawing } from "./drawing.js";

/** @typedef {[number, number]} Point */

/** Where the arrow keys go, right and up. @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
/** How many steps of the keys lie between the centre and the edge; with Shift a fifth of them. */
const STEPS = 25;
/** A press as near as this counts as on a point, in px. */
const NEAR = 12;

export class Plane {
  /**
   * @param {object} options
   * @param {string} options.label
   * @param {number} options.reach  the plane goes so far in every direction
   * @param {(at: Point, reach: number) => void} options.onPress  where, and how near counts as there, in units
   * @param {(plane: Plane, frame: import("./drawing.js").Frame) => void} options.paint  what is in it
   * @param {import("../../../dom/dom.js").Attributes} [options.attributes]
   */
  constructor({ label, reach, onPress, paint, attributes = {} }) {
    this.reach = reach;
    this.size = 1;
    /** Where the keys are. @type {Point} */
    this.cross = [0, 0];
    /** Whether the keys are on it: the cross is drawn for them alone. */
    this.hasKeys = false;
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
      if (this.hasKeys) this.#paintCross(context, theme.text);
    }, {
      ...attributes,
      class: "le-plane",
      role: "application",
      tabindex: "0",
      "aria-description": "The arrow keys move a cross, Enter presses where it is.",
    });
    const { canvas } = this.drawing;
    canvas.addEventListener("pointerdown", (event) => {
      const box = canvas.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * 2 - 1;
      const y = 1 - ((event.clientY - box.top) / box.height) * 2;
      onPress([x * reach, y * reach], (NEAR / box.width) * 2 * reach);
    });
    canvas.addEventListener("keydown", (event) => {
      const isPress = event.key === "Enter" || event.key === " ";
      const way = ARROWS[event.key];
      if (!isPress && !way) return;
      event.preventDefault();
      this.hasKeys = true;
      if (way) this.#move(way, (event.shiftKey ? 5 : 1) * (reach / STEPS));
      else onPress([...this.cross], (NEAR / this.size) * 2 * reach);
      this.draw();
    });
    canvas.addEventListener("blur", () => {
      this.hasKeys = false;
      this.draw();
    });
  }

  /** @param {Point} way @param {number} step */
  #move([x, y], step) {
    const within = (/** @type {number} */ value) => Math.min(this.reach, Math.max(-this.reach, value));
    this.cross = [within(this.cross[0] + x * step), within(this.cross[1] + y * step)];
  }

  /** @param {CanvasRenderingContext2D} context @param {string} colour */
  #paintCross(context, colour) {
    const [x, y] = this.toPixels(this.cross);
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    for (const [dx, dy] of [[10, 0], [0, 10]]) {
      context.beginPath();
      context.moveTo(x - dx, y - dy);
      context.lineTo(x + dx, y + dy);
      context.stroke();
    }
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

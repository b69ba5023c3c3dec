/**
 * Whoever moves the map's viewport: new places, Plotly's pan and zoom, two fingers, keys that step beyond the edge, a
 * window of another size. All that lies in the viewport follows.
 */

import { MARGIN } from "../scene/viewport.js";

/** While a run streams at least so much of each axis is seen, to both sides of zero: a new model's codes lie in a heap. */
const LIVE_REACH = 3;

/** A map in another's proportions is at most so high, in shares of the window's height. */
const HIGHEST = 0.85;

/** @typedef {import("../layers/underlay.js").Underlay} Underlay */
/** @typedef {import("../pointing/cursor-marks.js").CursorMarks} CursorMarks */
/** @typedef {import("../scene/scene.js").Scene} Scene */
/** @typedef {import("../scene/viewport.js").Pixel} Pixel */
/** @typedef {import("../scene/viewport.js").Ranges} Ranges */

/**
 * @typedef {object} Seen            what of the axes someone sees
 * @property {Ranges} ranges
 * @property {[number, number]} size  width and height of the viewport, px
 */
/** @typedef {import("./point-drawing.js").PointDrawing} PointDrawing */

export class ViewportControl {
  /**
   * @param {object} options
   * @param {HTMLElement} options.host  the map, whose size the viewport follows
   * @param {Pick<Scene, "axes" | "viewport" | "points" | "isStreaming" | "isPinched">} options.scene
   * @param {Pick<PointDrawing, "setOut" | "drawPlot" | "plotMoved">} options.drawing
   * @param {Pick<Underlay, "follow">} options.underlay
   * @param {Pick<CursorMarks, "place" | "hideHovered">} options.cursorMarks
   * @param {() => void} options.redraw  draw the points and all that stands above them
   */
  constructor({ host, scene, drawing, underlay, cursorMarks, redraw }) {
    this.host = host;
    this.scene = scene;
    this.drawing = drawing;
    this.underlay = underlay;
    this.cursorMarks = cursorMarks;
    this.redraw = redraw;
    /** Whether someone chose what is seen: nothing else changes it then. */
    this.isChosen = false;
    /** What another sees, whom this map follows. @type {Seen | null} */
    this.followed = null;
    /** What was seen before one looked closer, and whether someone had chosen it. @type {{ranges: import("../scene/viewport.js").Ranges, isChosen: boolean} | null} */
    this.before = null;
    this.resizes = new ResizeObserver(() => this.#resize());
    this.resizes.observe(host);
  }

  /** Have all of these places in view. @param {Float32Array} positions  (N, 2) */
  fit(positions) {
    this.isChosen = false;
    const cells = this.scene.axes?.cells;
    if (cells) {
      this.scene.viewport.fit(cells.corners);
      return;
    }
    const isUnbound = this.scene.isStreaming || !positions.length; // without places the prior says how far
    this.scene.viewport.fit(positions, { atLeast: isUnbound ? LIVE_REACH : 0 });
  }

  /** Make room for moving points, unless someone chose what is seen. */
  makeRoom() {
    const { axes, viewport, points } = this.scene;
    if (!this.isChosen && !axes?.cells && viewport.makeRoom(points.targets, LIVE_REACH)) this.#follow();
  }

  /** Someone wants to see all points. */
  fitPoints() {
    this.fit(this.scene.points.targets);
    this.#follow();
    this.drawing.drawPlot();
  }

  /**
   * Look closer at some places, or go back to what was seen before.
   *
   * @param {Float32Array | null} positions  (N, 2); null: back
   */
  lookAt(positions) {
    const { viewport } = this.scene;
    if (positions) {
      this.before ??= { ranges: viewport.ranges, isChosen: this.isChosen };
      viewport.fit(positions);
      this.isChosen = true;
    } else {
      if (!this.before) return;
      viewport.ranges = this.before.ranges;
      this.isChosen = this.before.isChosen;
      this.before = null;
    }
    this.#follow();
    this.drawing.setOut();
    this.drawing.drawPlot();
  }

  /** Plotly has panned or zoomed. */
  plotMoved() {
    this.isChosen = true;
    this.drawing.plotMoved();
    this.redraw();
    this.#follow();
    this.cursorMarks.hideHovered();
  }

  /**
   * Zoom and pan as two fingers say; Plotly gets the points back when they are lifted.
   *
   * @param {[Pixel, Pixel]} before
   * @param {[Pixel, Pixel]} now
   */
  pinch(before, now) {
    this.scene.isPinched = true;
    this.scene.viewport.pinch(before, now);
    this.#move();
  }

  /** The fingers are lifted. */
  letGo() {
    this.scene.isPinched = false;
    this.drawing.setOut();
  }

  /** See to it that a place is in sight. @param {number} x @param {number} y */
  reveal(x, y) {
    if (this.scene.viewport.reveal(x, y)) this.#move();
  }

  /**
   * See what another sees: the same ranges, and in the same proportions, so that a unit is as long to the right as
   * upwards here, too.
   *
   * @param {Seen} seen
   */
  followSeen(seen) {
    const before = this.followed;
    this.followed = seen;
    if (before?.size.join() !== seen.size.join()) this.#takeProportions(seen);
    const { viewport } = this.scene;
    if (viewport.ranges.join() === seen.ranges.join()) return;
    viewport.ranges = seen.ranges;
    this.#move();
    this.redraw();
  }

  close() {
    this.resizes.disconnect();
  }

  /** @param {Seen} seen */
  #takeProportions({ size: [width, height] }) {
    const { host } = this;
    const room = host.parentElement?.clientWidth ?? 0;
    if (!room) return;
    const [beside, above] = [MARGIN.left + MARGIN.right, MARGIN.top + MARGIN.bottom];
    const wide = Math.min(room - beside, ((HIGHEST * innerHeight - above) * width) / height);
    Object.assign(host.style, {
      aspectRatio: "auto",
      minHeight: "0",
      maxHeight: "none",
      width: `${wide + beside}px`,
      height: `${(wide * height) / width + above}px`,
    });
  }

  #resize() {
    const { axes, viewport, points } = this.scene;
    const { clientWidth, clientHeight } = this.host;
    if (!clientWidth || !clientHeight) return;
    viewport.resize(clientWidth, clientHeight);
    if (this.followed) {
      this.#takeProportions(this.followed);
      viewport.ranges = this.followed.ranges;
    } else if (axes && !this.isChosen) this.fit(points.targets);
    this.redraw();
    this.#follow();
    this.drawing.drawPlot();
  }

  /** Someone has moved it by other means than Plotly's. */
  #move() {
    this.isChosen = true;
    this.#follow();
    this.drawing.setOut();
  }

  #follow() {
    this.cursorMarks.place();
    this.underlay.follow();
  }
}

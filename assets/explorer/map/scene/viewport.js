/**
 * The rectangle that points are drawn in: where it lies on the screen and which numbers its edges stand for.
 *
 * The pointer, the light canvas and Plotly all go by this one, so hovering needs no Plotly and both drawings agree.
 */

/** Around the viewport, room for ticks and titles, in px; the same for all axes, so that nothing moves when they change. */
export const MARGIN = { left: 46, right: 14, top: 26, bottom: 42 };

/** Left free on each side of places that are all to be seen, in shares of their extent. */
const PADDING = 0.06;

/** A place that someone steps to is kept at least so far from the edges, in shares of the viewport's width. */
const EDGE = 0.04;

/** @typedef {[number, number]} Pixel  x and y in the map's drawing, px */

/** @typedef {[number, number, number, number]} Ranges  units at the left, right, bottom and top edge */

export class Viewport {
  constructor() {
    this.left = MARGIN.left;
    this.top = MARGIN.top;
    /** Of the rectangle, in px. */
    this.width = 1;
    this.height = 1;
    /** Units at the left, right, bottom and top edge. */
    this.x0 = -3;
    this.x1 = 3;
    this.y0 = -3;
    this.y1 = 3;
  }

  /** @returns {Viewport} the same now, left behind when this one moves */
  copy() {
    const copy = new Viewport();
    copy.width = this.width;
    copy.height = this.height;
    copy.ranges = this.ranges;
    return copy;
  }

  /**
   * Say how large the whole drawing is; ranges keep their centre and their scale.
   *
   * @param {number} width   px
   * @param {number} height  px
   */
  resize(width, height) {
    const [wide, high] = [
      Math.max(1, width - MARGIN.left - MARGIN.right),
      Math.max(1, height - MARGIN.top - MARGIN.bottom),
    ];
    const scale = Math.max((this.x1 - this.x0) / wide, (this.y1 - this.y0) / high);
    this.width = wide;
    this.height = high;
    this.#centre((this.x0 + this.x1) / 2, (this.y0 + this.y1) / 2, scale);
  }

  /**
   * Show all of these places, a unit as long to the right as upwards.
   *
   * @param {Float32Array} positions  (N, 2)
   * @param {{atLeast?: number}} [options]  so far from zero is seen on all sides
   */
  fit(positions, { atLeast = 0 } = {}) {
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let p = 0; p < positions.length; p += 2) {
      if (!Number.isFinite(positions[p] + positions[p + 1])) continue;
      x0 = Math.min(x0, positions[p]);
      x1 = Math.max(x1, positions[p]);
      y0 = Math.min(y0, positions[p + 1]);
      y1 = Math.max(y1, positions[p + 1]);
    }
    if (!(x1 >= x0)) [x0, x1, y0, y1] = [-1, 1, -1, 1];
    if (atLeast > 0) {
      [x0, x1] = [Math.min(x0, -atLeast), Math.max(x1, atLeast)];
      [y0, y1] = [Math.min(y0, -atLeast), Math.max(y1, atLeast)];
    }
    const grow = 1 + 2 * PADDING;
    const [wide, high] = [(x1 - x0) * grow || 1, (y1 - y0) * grow || 1];
    this.#centre((x0 + x1) / 2, (y0 + y1) / 2, Math.max(wide / this.width, high / this.height));
  }

  /**
   * See to it that moving places have room: rarely, and then by a good step, so that the axes stand still mostly.
   *
   * @param {Float32Array} positions  (N, 2)
   * @param {number} atLeast          so far from zero is seen on all sides
   * @returns {boolean} whether the ranges are others now
   */
  makeRoom(positions, atLeast) {
    const { x0, x1, y0, y1 } = this;
    const needed = this.copy();
    needed.fit(positions, { atLeast });
    const leaves = needed.x0 < x0 || needed.x1 > x1 || needed.y0 < y0 || needed.y1 > y1;
    const isMuchSmaller = needed.x1 - needed.x0 < 0.5 * (x1 - x0);
    if (!leaves && !isMuchSmaller) return false;
    const grown = leaves ? 0.15 : 0.1;
    const [wide, high] = [(needed.x1 - needed.x0) * grown, (needed.y1 - needed.y0) * grown];
    this.#see(needed.x0 - wide, needed.x1 + wide, needed.y0 - high, needed.y1 + high);
    return true;
  }

  /**
   * Zoom and pan so that what lay under two fingers lies under them again.
   *
   * @param {[Pixel, Pixel]} before
   * @param {[Pixel, Pixel]} now
   */
  pinch(before, now) {
    /** @type {(fingers: [Pixel, Pixel]) => Pixel} */
    const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    /** @type {(fingers: [Pixel, Pixel]) => number} */
    const apart = ([a, b]) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
    const [x, y] = this.toUnits(...middle(before));
    const [px, py] = middle(now);
    const scale = (apart(before) / apart(now)) * ((this.x1 - this.x0) / this.width);
    this.#centre(
      x + (this.left + this.width / 2 - px) * scale,
      y - (this.top + this.height / 2 - py) * scale,
      scale,
    );
  }

  /**
   * Pan no further than needed to see a place.
   *
   * @param {number} x
   * @param {number} y
   * @returns {boolean} whether the ranges are others now
   */
  reveal(x, y) {
    const room = EDGE * (this.x1 - this.x0);
    /** @type {(value: number, low: number, high: number) => number} */
    const beyond = (value, low, high) => Math.min(0, value - low - room) + Math.max(0, value - high + room);
    const [right, up] = [beyond(x, this.x0, this.x1), beyond(y, this.y0, this.y1)];
    if (!right && !up) return false;
    this.#see(this.x0 + right, this.x1 + right, this.y0 + up, this.y1 + up);
    return true;
  }

  /** What the edges stand for, to compare and to restore. @type {Ranges} */
  get ranges() {
    return [this.x0, this.x1, this.y0, this.y1];
  }

  /** @param {Ranges} ranges */
  set ranges([x0, x1, y0, y1]) {
    this.#see(x0, x1, y0, y1);
  }

  /** @param {number} x0 @param {number} x1 @param {number} y0 @param {number} y1 */
  #see(x0, x1, y0, y1) {
    this.x0 = x0;
    this.x1 = x1;
    this.y0 = y0;
    this.y1 = y1;
  }

  /** @param {number} x @param {number} y @returns {Pixel} */
  toPixels(x, y) {
    return [
      this.left + ((x - this.x0) / (this.x1 - this.x0)) * this.width,
      this.top + ((this.y1 - y) / (this.y1 - this.y0)) * this.height,
    ];
  }

  /** @param {number} px @param {number} py @returns {[number, number]} units */
  toUnits(px, py) {
    return [
      this.x0 + ((px - this.left) / this.width) * (this.x1 - this.x0),
      this.y1 - ((py - this.top) / this.height) * (this.y1 - this.y0),
    ];
  }

  /** @param {number} px @param {number} py @returns {boolean} whether it lies among the points, not on the margin */
  contains(px, py) {
    const [x, y] = [px - this.left, py - this.top];
    return x >= 0 && y >= 0 && x <= this.width && y <= this.height;
  }

  /** @param {number} x @param {number} y @param {number} scale  units per px */
  #centre(x, y, scale) {
    const [halfWidth, halfHeight] = [(scale * this.width) / 2, (scale * this.height) / 2];
    this.#see(x - halfWidth, x + halfWidth, y - halfHeight, y + halfHeight);
  }
}

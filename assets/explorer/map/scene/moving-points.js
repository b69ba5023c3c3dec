/**
 * The map's points while they move: eased from place to place and drawn on a light canvas.
 *
 * At rest they belong to Plotly. Two thousand of them cost about a millisecond here, and twenty or more there.
 */

/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./colouring.js").Group} Group */

/** Share of a point's remaining way that is left after 100 ms: live, and from moment to moment of a film. */
const PACES = { live: 0.12, film: 0.4 };

/** @typedef {keyof typeof PACES} Pace */

/** Nearer than this to its target, in shares of the viewport's width, a point has arrived. */
const ARRIVED = 5e-4;

/**
 * @param {number} count
 * @param {Viewport} viewport
 * @returns {number} a point's diameter in px: smaller where there are many, or little room
 */
export function pointSize(count, viewport) {
  const size = count > 1200 ? 5.5 : count > 300 ? 7 : 9;
  return size * Math.min(1.3, Math.max(0.7, viewport.width / 560));
}

/** Of a point, so that those below shine through. */
export const POINT_OPACITY = 0.72;

export class MovingPoints {
  constructor() {
    /** Where the points are now, in axis units. @type {Float32Array} */
    this.now = new Float32Array(0);
    /** Where they are going. @type {Float32Array} */
    this.targets = new Float32Array(0);
    /** @type {Pace} */
    this.pace = "live";
  }

  /** Put the points somewhere without a way there. @param {Float32Array} positions  (N, 2) */
  put(positions) {
    this.now = positions.slice();
    this.targets = positions.slice();
  }

  /** @param {Float32Array} positions  (N, 2) where all points go from here */
  send(positions) {
    if (positions.length === this.now.length) this.targets = positions.slice();
    else this.put(positions);
  }

  /**
   * Send some of the points on.
   *
   * @param {ArrayLike<number>} indices  (K,)
   * @param {Float32Array} positions     (K, 2)
   */
  sendSome(indices, positions) {
    for (let k = 0; k < indices.length; k++) {
      this.targets[2 * indices[k]] = positions[2 * k];
      this.targets[2 * indices[k] + 1] = positions[2 * k + 1];
    }
  }

  /** Keep the points where they are on the screen while the axes change. @param {Viewport} from @param {Viewport} to */
  carry(from, to) {
    for (let p = 0; p < this.now.length; p += 2) {
      const [x, y] = to.toUnits(...from.toPixels(this.now[p], this.now[p + 1]));
      this.now[p] = x;
      this.now[p + 1] = y;
    }
  }

  /**
   * Go a step towards the targets.
   *
   * @param {number} elapsed  ms since the step before
   * @param {Viewport} viewport
   * @returns {boolean} whether all have arrived
   */
  step(elapsed, viewport) {
    const share = 1 - PACES[this.pace] ** (elapsed / 100);
    const near = ARRIVED * (viewport.x1 - viewport.x0);
    let hasArrived = true;
    for (let p = 0; p < this.now.length; p++) {
      const way = this.targets[p] - this.now[p];
      if (Math.abs(way) >= near && Math.abs(way) < Infinity) {
        this.now[p] += way * share;
        hasArrived = false;
      } else {
        this.now[p] = this.targets[p]; // also where there is no way: one of the two is no number
      }
    }
    return hasArrived;
  }

  /** Go there at once. */
  arrive() {
    this.now = this.targets.slice();
  }

  /**
   * @param {CanvasRenderingContext2D} context  scaled to CSS pixels
   * @param {Viewport} viewport
   * @param {Group[]} groups
   * @param {Set<number>} hidden  groups that are not drawn
   */
  draw(context, viewport, groups, hidden) {
    const { left, top, width, height } = viewport;
    const radius = pointSize(this.now.length / 2, viewport) / 2;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.globalAlpha = POINT_OPACITY;
    groups.forEach((group, g) => {
      if (hidden.has(g)) return;
      context.fillStyle = group.colour;
      context.beginPath();
      for (const n of group.indices) {
        const [x, y] = viewport.toPixels(this.now[2 * n], this.now[2 * n + 1]);
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 2 * Math.PI);
      }
      context.fill();
    });
    context.restore();
  }
}

/** How sure the encoder is: around each image's code, one standard deviation of its posterior. */

import { ellipseOf } from "../../latent/posterior.js";

/** @typedef {import("../scene/viewport.js").Frame} Frame */
/** @typedef {import("../scene/colouring.js").Group} Group */

/** While points move, so many ellipses move with them: more would cost frames. */
const MOST_MOVING = 500;

export class Ellipses {
  constructor() {
    /** Half axes in units and the angle, (N, 3). @type {Float32Array | null} */
    this.shapes = null;
  }

  /** @param {Float32Array | null} covariances  (N, 3) */
  read(covariances) {
    this.shapes = covariances && new Float32Array(covariances.length);
    for (let p = 0; covariances && p < covariances.length; p += 3) {
      const { along, across, angle } = ellipseOf(...covariances.subarray(p, p + 3));
      this.shapes.set([along, across, angle], p);
    }
  }

  /**
   * @param {import("../scene/pen.js").CanvasPen | import("../scene/pen.js").SvgPen} pen
   * @param {Frame} frame
   * @param {Float32Array} places  where the points are drawn now, (N, 2)
   * @param {Group[]} groups
   * @param {Set<number>} hidden
   * @param {boolean} isMoving
   */
  draw(pen, frame, places, groups, hidden, isMoving) {
    if (!this.shapes) return;
    const count = places.length / 2;
    const every = isMoving ? Math.ceil(count / MOST_MOVING) : 1;
    groups.forEach(({ indices, colour }, g) => {
      if (hidden.has(g)) return;
      const seen = Array.from(indices)
        .filter((n) => n % every === 0)
        .map((n) => this.place(frame, places, n))
        .filter((each) => isInView(frame, each));
      if (seen.length) pen.ellipses(seen, { stroke: colour, width: 1, opacity: 0.55 });
    });
  }

  /**
   * @param {Frame} frame
   * @param {Float32Array} places  (N, 2)
   * @param {number} n
   * @returns {import("../scene/pen.js").EllipsePlace} px; angles run clockwise on a screen
   */
  place(frame, places, n) {
    const unit = frame.width / (frame.x1 - frame.x0);
    const [along, across, angle] = this.shapes.subarray(3 * n, 3 * n + 3);
    const [x, y] = frame.toPixels(places[2 * n], places[2 * n + 1]);
    return [x, y, along * unit, across * unit, -angle];
  }
}

function isInView({ left, top, width, height }, [x, y, along]) {
  return x + along > left && x - along < left + width && y + along > top && y - along < top + height;
}

/** How sure the encoder is: around each image's code, one standard deviation of its posterior. */

import { ellipseOf } from "../../latent/posterior.js";

/** @typedef {import("../scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../scene/colouring.js").Group} Group */
/** @typedef {import("../scene/pen.js").EllipsePlace} EllipsePlace */
/** @typedef {import("../scene/pen.js").Pen} Pen */

/** While points move, at most so many ellipses move with them: more would cost frames. */
const MOST_MOVING = 500;

export class Ellipses {
  constructor() {
    /** Half axes in units and the angle, (N, 3). @type {Float32Array | null} */
    this.shapes = null;
  }

  /** @param {Float32Array | null} covariances  (N, 3) */
  read(covariances) {
    this.shapes = covariances && ellipsesOf(covariances);
  }

  /**
   * @param {Pen} pen
   * @param {Viewport} viewport
   * @param {Float32Array} places  where the points are drawn now, (N, 2)
   * @param {Group[]} groups
   * @param {Set<number>} hidden
   * @param {boolean} isMoving
   */
  draw(pen, viewport, places, groups, hidden, isMoving) {
    const { shapes } = this;
    if (!shapes) return;
    const count = places.length / 2;
    const every = isMoving ? Math.ceil(count / MOST_MOVING) : 1;
    groups.forEach(({ indices, colour }, g) => {
      if (hidden.has(g)) return;
      const seen = Array.from(indices)
        .filter((n) => n % every === 0)
        .map((n) => ellipsePlace(viewport, shapes, places, n))
        .filter((each) => isInView(viewport, each));
      if (seen.length) pen.ellipses(seen, { stroke: colour, width: 1, opacity: 0.55 });
    });
  }

  /**
   * @param {Viewport} viewport
   * @param {Float32Array} places  (N, 2)
   * @param {number} n
   * @returns {EllipsePlace | null} one image's; null where it has none
   */
  place(viewport, places, n) {
    return this.shapes && ellipsePlace(viewport, this.shapes, places, n);
  }
}

/**
 * Say where one posterior lies on the map.
 *
 * @param {Viewport} viewport
 * @param {Float32Array} covariance  (3,): xx, xy, yy
 * @param {Float32Array} place       of its mean, (2,)
 * @returns {EllipsePlace} one standard deviation around its mean
 */
export function posteriorPlace(viewport, covariance, place) {
  return ellipsePlace(viewport, ellipsesOf(covariance), place, 0);
}

/** @param {Float32Array} covariances  (N, 3): xx, xy, yy @returns {Float32Array} half axes and angle, (N, 3) */
function ellipsesOf(covariances) {
  const shapes = new Float32Array(covariances.length);
  for (let p = 0; p < covariances.length; p += 3) {
    const { along, across, angle } = ellipseOf(covariances[p], covariances[p + 1], covariances[p + 2]);
    shapes.set([along, across, angle], p);
  }
  return shapes;
}

/**
 * @param {Viewport} viewport
 * @param {Float32Array} shapes  (N, 3)
 * @param {Float32Array} places  (N, 2)
 * @param {number} n
 * @returns {EllipsePlace} px; angles run clockwise on a screen
 */
function ellipsePlace(viewport, shapes, places, n) {
  const unit = viewport.width / (viewport.x1 - viewport.x0);
  const [along, across, angle] = shapes.subarray(3 * n, 3 * n + 3);
  const [x, y] = viewport.toPixels(places[2 * n], places[2 * n + 1]);
  return [x, y, along * unit, across * unit, -angle];
}

/** @param {Viewport} viewport @param {EllipsePlace} place @returns {boolean} */
function isInView({ left, top, width, height }, [x, y, along]) {
  return x + along > left && x - along < left + width && y + along > top && y - along < top + height;
}

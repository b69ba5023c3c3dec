/** The prior on the map: circles of one, two and three standard deviations; bands, where there is a single dimension. */

import { shareWithin } from "../../latent/posterior.js";

/** @typedef {import("../scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../../dom/theme.js").Theme} Theme */
/** @typedef {import("../scene/pen.js").EllipsePlace} EllipsePlace */
/** @typedef {import("../scene/viewport.js").Pixel} Pixel */
/** @typedef {import("../scene/pen.js").Pen} Pen */

/** At so many standard deviations there is a ring. */
const DEVIATIONS = [1, 2, 3];

/** How large the rings' names are written, px. */
const SIZE = 12;

/** @param {number} deviations @param {1 | 2} axes @returns {string} e.g. "2σ: 86 %" */
export function ringName(deviations, axes) {
  const share = 100 * shareWithin(deviations, axes);
  return `${deviations}σ: ${share.toFixed(share > 99.5 ? 1 : 0)} %`;
}

/**
 * @param {Pen} pen
 * @param {Viewport} viewport
 * @param {Theme} theme
 * @param {[number, number]} centre  in axis units
 */
export function drawRings(pen, viewport, theme, centre) {
  const [x, y] = viewport.toPixels(...centre);
  const unit = viewport.width / (viewport.x1 - viewport.x0);
  /** @type {EllipsePlace[]} */
  const rings = DEVIATIONS.map((deviations) => [x, y, deviations * unit, deviations * unit, 0]);
  pen.ellipses(rings, { stroke: theme.background, width: 3.5, opacity: 0.45 });
  pen.ellipses(rings, { stroke: theme.text, width: 1.5, dash: [6, 4], opacity: 0.8 });
}

/**
 * Say what the rings hold; it stands above the points, to be read.
 *
 * @param {Pen} pen
 * @param {Viewport} viewport
 * @param {Theme} theme
 * @param {[number, number]} centre  in axis units
 * @param {Pixel[]} others  where other words stand, px: these keep away from them
 */
export function nameRings(pen, viewport, theme, centre, others) {
  const [x, y] = viewport.toPixels(...centre);
  const unit = viewport.width / (viewport.x1 - viewport.x0);
  for (const deviations of DEVIATIONS) {
    const places = placesOnRing(viewport, x, y, deviations * unit);
    const at = clearPlace(places, others, ROOM);
    const text = at ? ringName(deviations, 2) : `${deviations}σ`;
    const place = at ?? clearPlace(places, others, LITTLE_ROOM) ?? places[0];
    if (place) label(pen, theme, text, place);
  }
}

/**
 * The same for a single dimension, which lies along x.
 *
 * @param {Pen} pen
 * @param {Viewport} viewport
 * @param {Theme} theme
 */
export function drawBands(pen, viewport, theme) {
  const bottom = viewport.top + viewport.height;
  for (const deviations of [...DEVIATIONS].reverse()) {
    const [left, right] = [-deviations, deviations].map((z) => viewport.toPixels(z, 0)[0]);
    pen.rectangle(left, viewport.top, right - left, viewport.height, { fill: theme.text, opacity: 0.05 });
    for (const x of [left, right]) {
      /** @type {Pixel[]} */
      const line = [
        [x, viewport.top],
        [x, bottom],
      ];
      pen.line(line, { stroke: theme.text, width: 1.5, dash: [6, 4], opacity: 0.6 });
    }
  }
}

/** @param {Pen} pen @param {Viewport} viewport @param {Theme} theme */
export function nameBands(pen, viewport, theme) {
  for (const deviations of DEVIATIONS) {
    const right = viewport.toPixels(deviations, 0)[0];
    /** @type {Pixel} */
    const at = [right, viewport.top + 12 + 16 * (deviations - 1)];
    if (viewport.contains(...at)) label(pen, theme, ringName(deviations, 1), at);
  }
}

/** Where on a ring its name may stand, in degrees from the right, the best first. */
const ANGLES = [-45, -135, 45, 135, -20, -160, 20, 160, -70, -110, 70, 110];

/** A ring's name keeps so far from other words, in px: to both sides, and up and down. */
const ROOM = [54, 18];

/** The same of a name without the share, which stands where the whole one has no room. */
const LITTLE_ROOM = [32, 16];

/**
 * @param {Viewport} viewport
 * @param {number} x       of the ring's centre, px
 * @param {number} y
 * @param {number} radius  px
 * @returns {Pixel[]} on the ring, inside the viewport, the best first
 */
function placesOnRing(viewport, x, y, radius) {
  return ANGLES.map((degrees) => (degrees * Math.PI) / 180)
    .map((angle) => /** @type {Pixel} */ ([x + radius * Math.cos(angle), y + radius * Math.sin(angle)]))
    .filter(([px, py]) =>
      [-36, 36].every((dx) => viewport.contains(px + dx, py - 10) && viewport.contains(px + dx, py + 10))
    );
}

/** @param {Pixel[]} places @param {Pixel[]} others @param {number[]} room @returns {Pixel | undefined} the first that is clear of other words */
function clearPlace(places, others, [wide, high]) {
  return places.find(([px, py]) =>
    others.every(([ox, oy]) => Math.abs(ox - px) > wide || Math.abs(oy - py) > high)
  );
}

/** @param {Pen} pen @param {Theme} theme @param {string} text @param {Pixel} at */
function label(pen, theme, text, [x, y]) {
  pen.text(text, x, y, { colour: theme.text, halo: theme.background, size: SIZE, font: theme.font });
}

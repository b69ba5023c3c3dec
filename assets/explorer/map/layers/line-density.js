/** What a map of a single dimension shows above and below its points. */

import { aggregateOnLine } from "../../latent/posterior.js";

/** @typedef {import("../scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../../dom/theme.js").Theme} Theme */
/** @typedef {import("../scene/pen.js").Pen} Pen */
/** @typedef {import("../scene/viewport.js").Pixel} Pixel */

/** Where the row of decoded pictures hangs, in axis units: below the points, which are spread over -1..1. */
export const LINE_ROW = -1.25;

/** Where the density stands, in axis units: above the points. */
const FOOT = 1.25;

/** How high the density's greatest value is drawn where there is room, in axis units. */
const HEIGHT = 1.6;

/** How high it is drawn at least, whatever the room. */
const LEAST_HEIGHT = 0.5;

/** At so many places along the axis the density is computed. */
const STEPS = 240;

/**
 * Draw how densely the codes of a single dimension lie, and the prior beside it.
 *
 * @param {Pen} pen
 * @param {Viewport} viewport
 * @param {Theme} theme
 * @param {Float32Array} positions                 (N, 2); only the first column counts
 * @param {Float32Array | null} covariances        of the posteriors, (N, 3); null: codes are points, and smoothed
 */
export function drawLineDensity(pen, viewport, theme, positions, covariances) {
  const count = positions.length / 2;
  if (count < 2) return;
  const [x0, wide] = [viewport.x0, viewport.x1 - viewport.x0];
  const xs = Float64Array.from({ length: STEPS }, (_, k) => x0 + (wide * k) / (STEPS - 1));
  const width = Math.max(0.05, wide / 60);
  const least = (wide / STEPS) ** 2; // a peak narrower than a step would be missed
  const variances = Float64Array.from(
    { length: count },
    (_, n) => covariances ? covariances[3 * n] + least : width ** 2,
  );
  const means = Float64Array.from({ length: count }, (_, n) => positions[2 * n]);
  const density = aggregateOnLine(means, variances, xs);
  const prior = aggregateOnLine([0], [1], xs);
  const height = Math.max(LEAST_HEIGHT, Math.min(HEIGHT, 0.94 * (viewport.y1 - FOOT)));
  const scale = height / Math.max(...density, ...prior);
  /** @type {(values: Float64Array) => Pixel[]} */
  const line = (values) => Array.from(values, (value, k) => viewport.toPixels(xs[k], FOOT + value * scale));
  const ends = [viewport.toPixels(viewport.x1, FOOT), viewport.toPixels(viewport.x0, FOOT)];
  pen.line([...line(density), ...ends], { fill: theme.accent, opacity: 0.3 });
  if (covariances) pen.line(line(prior), { stroke: theme.text, width: 1.5, dash: [5, 4] });
}

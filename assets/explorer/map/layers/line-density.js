/** What a map of a single dimension shows above and below its points. */

import { aggregateOnLine } from "../../latent/posterior.js";

/** @typedef {import("../scene/viewport.js").Frame} Frame */
/** @typedef {import("../../dom/theme.js").Theme} Theme */

/** Where the row of decoded pictures hangs, in axis units: below the points, which are spread over -1..1. */
export const LINE_ROW = -1.25;

/** Where the density stands, above them, and how high it is where there is room. */
const FOOT = 1.25;
const HEIGHT = 1.6;
const LEAST_HEIGHT = 0.5;

const STEPS = 240;

/**
 * Draw how densely the codes of a single dimension lie, and the prior beside it.
 *
 * @param {import("../scene/pen.js").CanvasPen | import("../scene/pen.js").SvgPen} pen
 * @param {Frame} frame
 * @param {Theme} theme
 * @param {Float32Array} positions                 (N, 2); only the first column counts
 * @param {Float32Array | null} covariances        of the posteriors, (N, 3); null: codes are points, and smoothed
 */
export function drawLineDensity(pen, frame, theme, positions, covariances) {
  const count = positions.length / 2;
  if (count < 2) return;
  const [x0, wide] = [frame.x0, frame.x1 - frame.x0];
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
  const height = Math.max(LEAST_HEIGHT, Math.min(HEIGHT, 0.94 * (frame.y1 - FOOT)));
  const scale = height / Math.max(...density, ...prior);
  const line = (values) => Array.from(values, (value, k) => frame.toPixels(xs[k], FOOT + value * scale));
  const ends = [frame.toPixels(frame.x1, FOOT), frame.toPixels(frame.x0, FOOT)];
  pen.line([...line(density), ...ends], { fill: theme.accent, opacity: 0.3 });
  if (covariances) pen.line(line(prior), { stroke: theme.text, width: 1.5, dash: [5, 4] });
}

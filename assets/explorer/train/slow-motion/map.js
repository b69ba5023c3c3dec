/** Slow motion on the map: mean, deviation, code, and the arrows along which the loss falls. */

/** @typedef {import("./detail.js").Detail} Detail */
/** @typedef {import("../../map/scene/viewport.js").Viewport} Viewport */

/** The chosen image's longest arrow, in shares of the map's width. */
const LONGEST = 0.2;

/** Colours that stand on light and dark: of the arrow on the code, and of those on mean and deviation. */
export const ARROWS = { z: "#e76300", posterior: "#3f90da" };

/** Of images that are not chosen. */
const ASIDE = 0.35;

/**
 * @param {CanvasRenderingContext2D} context  scaled to CSS pixels
 * @param {Viewport} frame
 * @param {import("../../dom/theme.js").Theme} theme
 * @param {object} what
 * @param {import("../../map/scene/axes.js").Axes} what.axes
 * @param {Detail} what.detail
 * @param {number} what.chosen        which image
 * @param {Set<string>} what.reached  parts that are seen by now, as `Step.part`
 */
export function drawDetail(context, frame, theme, { axes, detail, chosen, reached }) {
  if (!reached.has("mean")) return;
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  context.lineJoin = "round";
  const order = [...Array(detail.count).keys()].filter((n) => n !== chosen).concat(chosen);
  for (const n of order) {
    context.globalAlpha = n === chosen ? 1 : ASIDE;
    drawImage(context, frame, theme, axes, detail, n, reached, n === chosen);
  }
  context.restore();
}

function drawImage(context, frame, theme, axes, detail, n, reached, isChosen) {
  const at = (latent) => frame.toPixels(...axes.place(latent));
  const mean = detail.row("mean", n);
  const z = detail.row("z", n);
  const [middle, code] = [at(mean), at(z)];
  if (detail.isGaussian) {
    outlined(context, theme, isChosen ? 2 : 1.25, () => ring(context, frame, axes, detail, n));
    if (reached.has("noise")) {
      context.setLineDash([4, 4]);
      outlined(context, theme, isChosen ? 2 : 1, () => line(context, middle, code));
      context.setLineDash([]);
    }
    outlined(context, theme, isChosen ? 3 : 1.5, () => {
      line(context, [middle[0] - 6, middle[1]], [middle[0] + 6, middle[1]]);
      line(context, [middle[0], middle[1] - 6], [middle[0], middle[1] + 6], false);
    });
  }
  if (reached.has("gradient") && isChosen) {
    const scale = (LONGEST * frame.width) / (detail.steepest(n) || 1);
    const pull = (from, gradient) => downhill(frame, axes, from, gradient, scale);
    if (detail.isGaussian) {
      deviationArrows(context, frame, theme, axes, detail, n, scale);
      arrow(context, theme, middle, pull(mean, detail.row("gradMean", n)), ARROWS.posterior, 3);
    }
    arrow(context, theme, code, pull(z, detail.row("gradZ", n)), ARROWS.z, 3);
  }
  if (reached.has("z") || !detail.isGaussian) dot(context, theme, code, isChosen ? 6.5 : 4);
}

/**
 * Where an arrow from a latent ends: against the gradient, on the map's axes, its length true to the others'.
 *
 * @param {Viewport} frame
 * @param {import("../../map/scene/axes.js").Axes} axes  latent dimensions or PCA: both are linear
 * @param {Float32Array} from      (D,)
 * @param {Float32Array} gradient  (D,)
 * @param {number} scale           px for a nat per unit
 * @returns {[number, number]} px
 */
export function downhill(frame, axes, from, gradient, scale) {
  const [x0, y0] = axes.place(from);
  const [x1, y1] = axes.place(from.map((value, d) => value - gradient[d]));
  const [px, py] = frame.toPixels(x0, y0);
  return [px + (x1 - x0) * scale, py - (y1 - y0) * scale];
}

/** One deviation around the mean: the outline of the posterior on the map's plane. */
function ring(context, frame, axes, detail, n) {
  const mean = detail.row("mean", n);
  const deviation = detail.row("deviation", n);
  const [x0, y0] = axes.place(mean);
  // What each dimension's deviation adds on the plane; together they give the plane's covariance.
  let [xx, xy, yy] = [0, 0, 0];
  for (let d = 0; d < detail.dims; d++) {
    const moved = mean.slice();
    moved[d] += deviation[d];
    const [x, y] = axes.place(moved);
    xx += (x - x0) ** 2;
    xy += (x - x0) * (y - y0);
    yy += (y - y0) ** 2;
  }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  const [middle, half] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  const radii = [middle + half, middle - half].map((variance) => Math.sqrt(Math.max(0, variance)));
  const unit = frame.width / (frame.x1 - frame.x0);
  const [px, py] = frame.toPixels(x0, y0);
  context.beginPath();
  context.ellipse(px, py, Math.max(2, radii[0] * unit), Math.max(2, radii[1] * unit), -angle, 0, 2 * Math.PI);
}

/** Arrows on the ring: outwards where a wider deviation is better. Only where an axis is a dimension. */
function deviationArrows(context, frame, theme, axes, detail, n, scale) {
  if (!/^\d/.test(axes.name)) return;
  const mean = detail.row("mean", n);
  const deviation = detail.row("deviation", n);
  const gradient = detail.gradDeviation(n);
  for (const dim of axes.name.split(",").map(Number)) {
    const edge = mean.slice();
    edge[dim] += deviation[dim];
    const pull = new Float32Array(detail.dims);
    pull[dim] = gradient[dim];
    const from = frame.toPixels(...axes.place(edge));
    arrow(context, theme, from, downhill(frame, axes, edge, pull, scale), ARROWS.posterior, 2);
  }
}

/** Stroke a path twice, first wider in the background's colour, so that it stands out from the dots. */
function outlined(context, theme, width, path) {
  path();
  for (
    const [wide, colour] of [
      [width + 3, theme.background],
      [width, theme.text],
    ]
  ) {
    context.lineWidth = wide;
    context.strokeStyle = colour;
    context.stroke();
  }
}

function line(context, from, to, isNew = true) {
  if (isNew) context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
}

function dot(context, theme, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = theme.text;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = theme.background;
  context.stroke();
}

function arrow(context, theme, from, to, colour, width) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (!(length > 3)) return;
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const head = Math.min(12, length * 0.5);
  const side = (turn) => [to[0] - head * Math.cos(angle + turn), to[1] - head * Math.sin(angle + turn)];
  for (
    const [wide, style] of [
      [width + 3, theme.background],
      [width, colour],
    ]
  ) {
    context.lineWidth = wide;
    context.strokeStyle = style;
    line(context, from, to);
    context.moveTo(...side(0.45));
    context.lineTo(...to);
    context.lineTo(...side(-0.45));
    context.stroke();
  }
}

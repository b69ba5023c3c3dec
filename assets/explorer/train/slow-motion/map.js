/** Slow motion on the map: mean, deviation, code, and the arrows along which the loss falls. */

/** @typedef {import("./detail.js").Detail} Detail */
/** @typedef {import("../../map/scene/axes.js").Axes} Axes */
/** @typedef {import("../../map/scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../../dom/theme.js").Theme} Theme */
/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {[number, number]} Pixel  x and y in the drawing */

/**
 * @typedef {object} Plane         where an update is drawn
 * @property {Context} context     scaled to CSS pixels
 * @property {Viewport} viewport
 * @property {Theme} theme
 * @property {Axes} axes
 */

/** The chosen image's longest arrow, in shares of the map's width. */
const LONGEST = 0.2;

/** Colours that stand on light and dark: of the arrow on the code, and of those on mean and deviation. */
export const ARROWS = { z: "#e76300", posterior: "#3f90da" };

/** Opacity of images that are not chosen. */
const ASIDE = 0.35;

/** The map is brought so close that it shows so many deviations on each side of the mean, */
const DEVIATIONS = 3.5;

/** and of a code without one, or with a very small one, at least so many units. */
const LEAST_REACH = 0.05;

/** The key's letters, in px. */
const KEY_SIZE = 13;

/**
 * What the marks are, in the order of the steps: those of one row stand beside each other.
 *
 * @type {Array<{row: number, part: string, sign: string, words: string, colour?: string, needsPosterior?: boolean}>}
 */
const KEY = [
  { row: 0, part: "mean", sign: "+", words: "μ, ring: σ", needsPosterior: true },
  { row: 0, part: "noise", sign: "┄", words: "σ · ε", needsPosterior: true },
  { row: 0, part: "z", sign: "●", words: "z" },
  { row: 1, part: "gradient", sign: "→", words: "z: to a better picture", colour: ARROWS.z },
  {
    row: 2,
    part: "gradient",
    sign: "→",
    words: "μ, σ: to less loss, with KL",
    colour: ARROWS.posterior,
    needsPosterior: true,
  },
];

/**
 * @param {Context} context  scaled to CSS pixels
 * @param {Viewport} viewport
 * @param {Theme} theme
 * @param {object} what
 * @param {Axes} what.axes
 * @param {Detail} what.detail
 * @param {number} what.chosen        which image
 * @param {Set<string>} what.reached  parts that are seen by now, as `Step.part`
 */
export function drawDetail(context, viewport, theme, { axes, detail, chosen, reached }) {
  if (!reached.has("mean")) return;
  context.save();
  context.beginPath();
  context.rect(viewport.left, viewport.top, viewport.width, viewport.height);
  context.clip();
  context.lineJoin = "round";
  const plane = { context, viewport, theme, axes };
  const order = [...Array(detail.count).keys()].filter((n) => n !== chosen).concat(chosen);
  for (const n of order) {
    context.globalAlpha = n === chosen ? 1 : ASIDE;
    drawImage(plane, detail, n, reached, n === chosen);
  }
  drawKey(plane, detail.isGaussian, reached);
  context.restore();
}

/**
 * The places that are to be in sight: a chosen image's posterior, and its code.
 *
 * @param {Axes} axes
 * @param {Detail} detail
 * @param {number} n  which image
 * @returns {Float32Array} (5, 2)
 */
export function posteriorPlaces(axes, detail, n) {
  const deviation = detail.row("deviation", n);
  const [x, y] = axes.place(detail.row("mean", n));
  const [zx, zy] = axes.place(detail.row("z", n));
  const { xx, yy } = deviation ? covariance(axes, detail.row("mean", n), deviation) : { xx: 0, yy: 0 };
  const reach = DEVIATIONS * Math.max(LEAST_REACH, Math.sqrt(Math.max(xx, yy)));
  return Float32Array.of(x - reach, y, x + reach, y, x, y - reach, x, y + reach, zx, zy);
}

/**
 * Say on the map what the marks are, and whose arrows have which colour.
 *
 * @param {Plane} plane
 * @param {boolean} hasPosterior
 * @param {Set<string>} reached
 */
function drawKey({ context, viewport, theme }, hasPosterior, reached) {
  const shown = KEY.filter(({ part, needsPosterior }) =>
    (reached.has(part) || (part === "z" && !hasPosterior)) && (hasPosterior || !needsPosterior)
  );
  if (!shown.length) return;
  context.font = `bold ${KEY_SIZE}px ${theme.font}`;
  context.textBaseline = "middle";
  context.textAlign = "left";
  const [left, top, high] = [viewport.left + 6, viewport.top + 6, KEY_SIZE + 6];
  /** Where the next one of each row begins. */
  const ends = [left + 6, left + 6, left + 6];
  const placed = shown.map(({ row, sign, words, colour }) => {
    const x = ends[row];
    const wordsAt = x + context.measureText(sign).width + 5;
    ends[row] = wordsAt + context.measureText(words).width + 12;
    return { x, wordsAt, y: top + 4 + (row + 0.5) * high, sign, words, colour };
  });
  context.globalAlpha = 0.85;
  context.fillStyle = theme.background;
  context.fillRect(left, top, Math.max(...ends) - 6 - left, (shown[shown.length - 1].row + 1) * high + 8);
  context.globalAlpha = 1;
  for (const { x, wordsAt, y, sign, words, colour } of placed) {
    context.fillStyle = colour ?? theme.text;
    context.font = `bold ${KEY_SIZE}px ${theme.font}`;
    context.fillText(sign, x, y);
    context.font = `${KEY_SIZE}px ${theme.font}`;
    context.fillText(words, wordsAt, y);
  }
}

/**
 * @param {Plane} plane
 * @param {Detail} detail
 * @param {number} n  which image
 * @param {Set<string>} reached
 * @param {boolean} isChosen
 */
function drawImage(plane, detail, n, reached, isChosen) {
  const { context, theme, viewport, axes } = plane;
  const mean = detail.row("mean", n);
  const z = detail.row("z", n);
  const deviation = detail.row("deviation", n);
  const [middle, code] = [pixelOf(plane, mean), pixelOf(plane, z)];
  if (deviation) {
    outlined(context, theme, isChosen ? 2 : 1.25, () => ring(plane, mean, deviation));
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
    const scale = (LONGEST * viewport.width) / (detail.steepest(n) || 1);
    if (deviation) {
      deviationArrows(plane, mean, deviation, detail.gradDeviation(n), scale);
      const end = downhill(viewport, axes, mean, detail.row("gradMean", n), scale);
      arrow(context, theme, middle, end, ARROWS.posterior, 3);
    }
    arrow(context, theme, code, downhill(viewport, axes, z, detail.row("gradZ", n), scale), ARROWS.z, 3);
  }
  if (reached.has("z") || !deviation) dot(context, theme, code, isChosen ? 6.5 : 4);
}

/** @param {Plane} plane @param {Float32Array} latent  (D,) @returns {Pixel} */
function pixelOf({ viewport, axes }, latent) {
  const [x, y] = axes.place(latent);
  return viewport.toPixels(x, y);
}

/**
 * Where an arrow from a latent ends: against the gradient, on the map's axes, its length true to the others'.
 *
 * @param {Viewport} viewport
 * @param {Axes} axes              latent dimensions or PCA: both are linear
 * @param {Float32Array} from      (D,)
 * @param {Float32Array} gradient  (D,)
 * @param {number} scale           px for a nat per unit
 * @returns {Pixel}
 */
export function downhill(viewport, axes, from, gradient, scale) {
  const [x0, y0] = axes.place(from);
  const [x1, y1] = axes.place(from.map((value, d) => value - gradient[d]));
  const [px, py] = viewport.toPixels(x0, y0);
  return [px + (x1 - x0) * scale, py - (y1 - y0) * scale];
}

/**
 * One deviation around the mean: the outline of the posterior on the map's plane.
 *
 * @param {Plane} plane
 * @param {Float32Array} mean       (D,)
 * @param {Float32Array} deviation  (D,)
 */
function ring({ context, viewport, axes }, mean, deviation) {
  const [x0, y0] = axes.place(mean);
  const { xx, xy, yy } = covariance(axes, mean, deviation);
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  const [middle, half] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  const radii = [middle + half, middle - half].map((variance) => Math.sqrt(Math.max(0, variance)));
  const unit = viewport.width / (viewport.x1 - viewport.x0);
  const [px, py] = viewport.toPixels(x0, y0);
  context.beginPath();
  context.ellipse(px, py, Math.max(2, radii[0] * unit), Math.max(2, radii[1] * unit), -angle, 0, 2 * Math.PI);
}

/**
 * What each dimension's deviation adds on the plane: together the plane's covariance.
 *
 * @param {Axes} axes
 * @param {Float32Array} mean       (D,)
 * @param {Float32Array} deviation  (D,)
 */
function covariance(axes, mean, deviation) {
  const [x0, y0] = axes.place(mean);
  let [xx, xy, yy] = [0, 0, 0];
  for (let d = 0; d < mean.length; d++) {
    const moved = mean.slice();
    moved[d] += deviation[d];
    const [x, y] = axes.place(moved);
    xx += (x - x0) ** 2;
    xy += (x - x0) * (y - y0);
    yy += (y - y0) ** 2;
  }
  return { xx, xy, yy };
}

/**
 * Arrows on the ring: outwards where a wider deviation is better. Only where an axis is a dimension.
 *
 * @param {Plane} plane
 * @param {Float32Array} mean             (D,)
 * @param {Float32Array} deviation        (D,)
 * @param {Float32Array | null} gradient  of the loss by the deviation, (D,)
 * @param {number} scale                  px for a nat per unit
 */
function deviationArrows(plane, mean, deviation, gradient, scale) {
  const { context, viewport, theme, axes } = plane;
  if (!gradient || !/^\d/.test(axes.name)) return;
  for (const dim of axes.name.split(",").map(Number)) {
    const edge = mean.slice();
    edge[dim] += deviation[dim];
    const pull = new Float32Array(mean.length);
    pull[dim] = gradient[dim];
    const end = downhill(viewport, axes, edge, pull, scale);
    arrow(context, theme, pixelOf(plane, edge), end, ARROWS.posterior, 2);
  }
}

/**
 * Stroke a path twice, first wider in the background's colour, so that it stands out from the dots.
 *
 * @param {Context} context
 * @param {Theme} theme
 * @param {number} width     px
 * @param {() => void} path  makes it
 */
function outlined(context, theme, width, path) {
  path();
  stroke(context, width + 3, theme.background);
  stroke(context, width, theme.text);
}

/** @param {Context} context @param {number} width @param {string} colour */
function stroke(context, width, colour) {
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}

/** @param {Context} context @param {Pixel} from @param {Pixel} to @param {boolean} [isNew]  not part of the path before */
function line(context, from, to, isNew = true) {
  if (isNew) context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
}

/** @param {Context} context @param {Theme} theme @param {Pixel} middle @param {number} radius  px */
function dot(context, theme, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = theme.text;
  context.fill();
  stroke(context, 2, theme.background);
}

/**
 * @param {Context} context
 * @param {Theme} theme
 * @param {Pixel} from
 * @param {Pixel} to
 * @param {string} colour
 * @param {number} width  px
 */
function arrow(context, theme, from, to, colour, width) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (!(length > 3)) return;
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const head = Math.min(12, length * 0.5);
  /** @param {number} turn @returns {Pixel} the end of one side of the head */
  const side = (turn) => [to[0] - head * Math.cos(angle + turn), to[1] - head * Math.sin(angle + turn)];
  line(context, from, to);
  context.moveTo(...side(0.45));
  context.lineTo(...to);
  context.lineTo(...side(-0.45));
  stroke(context, width + 3, theme.background);
  stroke(context, width, colour);
}

/** What stands on the map beside points: the classes' names, a path between latents, a density over a line. */

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./theme.js").Theme} Theme */
/** @typedef {import("./colouring.js").Group} Group */

/** A class of fewer points gets no name on the map. */
const LEAST_POINTS = 3;

/** Of the points' variance, this share must lie between the classes: else a name says nothing about its place. */
const LEAST_APART = 0.05;

/**
 * Find where a class's name goes: on the median of its points.
 *
 * @param {Group[]} groups
 * @param {Float32Array} positions  (N, 2)
 * @param {Set<number>} hidden
 * @returns {Array<{text: string, x: number, y: number}>} in axis units; none where classes do not lie apart
 */
export function namePlaces(groups, positions, hidden) {
  const named = groups.filter(
    (group, g) => !hidden.has(g) && group.name && group.indices.length >= LEAST_POINTS,
  );
  if (named.length > 1 && shareBetween(named, positions) < LEAST_APART) return [];
  return named.map(({ name, indices }) => {
    const [x, y] = [0, 1].map((axis) => {
      const values = Float32Array.from(indices, (n) => positions[2 * n + axis]).sort();
      return values[values.length >> 1];
    });
    return { text: name, x, y };
  });
}

/** @param {Group[]} groups @param {Float32Array} positions @returns {number} 0..1, of the variance */
function shareBetween(groups, positions) {
  let [between, total] = [0, 0];
  for (const axis of [0, 1]) {
    const all = groups.flatMap(({ indices }) => Array.from(indices, (n) => positions[2 * n + axis]));
    const middle = mean(all);
    total += all.reduce((sum, value) => sum + (value - middle) ** 2, 0);
    for (const { indices } of groups) {
      const own = mean(Array.from(indices, (n) => positions[2 * n + axis]));
      between += indices.length * (own - middle) ** 2;
    }
  }
  return total > 0 ? between / total : 0;
}

/** @param {number[]} values @returns {number} */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * @param {CanvasRenderingContext2D} context  scaled to CSS pixels, cleared
 * @param {Frame} frame
 * @param {Theme} theme
 * @param {ReturnType<typeof namePlaces>} names
 */
export function drawNames(context, frame, theme, names) {
  context.save();
  context.font = `600 ${nameSize(frame)}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = theme.background;
  context.fillStyle = theme.text;
  const placed = spread(
    names
      .map(({ text, x, y }) => ({
        text,
        at: frame.toPixels(x, y),
        wide: context.measureText(text).width + 10,
      }))
      .filter(({ at }) => frame.contains(...at)),
  );
  for (const { text, at } of placed) {
    context.globalAlpha = 0.85;
    context.strokeText(text, at[0], at[1]);
    context.globalAlpha = 1;
    context.fillText(text, at[0], at[1]);
  }
  context.restore();
}

/** @param {Frame} frame @returns {number} px */
function nameSize(frame) {
  return frame.width > 640 ? 16 : frame.width > 340 ? 14 : 12;
}

const LINE = 19;

/** Names pushed further than this from their points, in px, say nothing about them any more. */
const TOO_FAR = 24;

/** Push names that overlap apart, up and down; none at all where most would end up far from their points. */
function spread(names) {
  const homes = names.map(({ at }) => at[1]);
  for (let round = 0; round < 40; round++) {
    let isClear = true;
    for (let a = 0; a < names.length; a++) {
      for (let b = a + 1; b < names.length; b++) {
        const aside = Math.abs(names[a].at[0] - names[b].at[0]) - (names[a].wide + names[b].wide) / 2;
        const gap = names[b].at[1] - names[a].at[1];
        if (aside >= 0 || Math.abs(gap) >= LINE) continue;
        const push = (LINE - Math.abs(gap)) / 2 + 0.1;
        names[a].at[1] -= gap >= 0 ? push : -push;
        names[b].at[1] += gap >= 0 ? push : -push;
        isClear = false;
      }
    }
    if (isClear) break;
  }
  const near = names.filter(({ at }, n) => Math.abs(at[1] - homes[n]) <= TOO_FAR);
  return near.length * 2 > names.length ? near : [];
}

/**
 * Draw a path with a dot at each of its steps, in the colour of the text, which no class has.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {Theme} theme
 * @param {Float32Array} places  (M, 2) in axis units
 */
export function drawPath(context, frame, theme, places) {
  if (places.length < 4) return;
  const colour = theme.text;
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  const points = Array.from({ length: places.length / 2 }, (_, n) =>
    frame.toPixels(places[2 * n], places[2 * n + 1]),
  );
  context.lineJoin = "round";
  context.beginPath();
  points.forEach(([x, y], n) => (n ? context.lineTo(x, y) : context.moveTo(x, y)));
  for (const [width, style] of [
    [6, theme.background],
    [2, colour],
  ]) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.stroke();
  }
  context.lineWidth = 1.5;
  context.strokeStyle = theme.background;
  context.fillStyle = colour;
  points.forEach(([x, y], n) => {
    context.beginPath();
    context.arc(x, y, n === 0 || n === points.length - 1 ? 6.5 : 3.5, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  });
  context.font = `600 ${nameSize(frame)}px ${theme.font}`;
  context.textBaseline = "middle";
  context.lineWidth = 4;
  const [first, last] = [points[0], points[points.length - 1]];
  for (const [text, at, other] of [
    ["From", first, last],
    ["To", last, first],
  ]) {
    const isLeft = at[0] < other[0];
    context.textAlign = isLeft ? "right" : "left";
    const x = at[0] + (isLeft ? -13 : 13);
    context.strokeText(text, x, at[1]);
    context.fillText(text, x, at[1]);
  }
  context.restore();
}

/** Where the density of one dimension stands, in axis units: above the jittered points. */
const DENSITY_FOOT = 1.25;
const DENSITY_HEIGHT = 1.6;

/**
 * Draw how densely the codes of a single dimension lie, and the prior beside it.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {Theme} theme
 * @param {Float32Array} positions  (N, 2); only the first column counts
 */
export function drawDensity(context, frame, theme, positions) {
  const count = positions.length / 2;
  if (count < 2) return;
  const grid = Array.from({ length: 160 }, (_, k) => frame.x0 + ((frame.x1 - frame.x0) * k) / 159);
  const width = Math.max(0.05, (frame.x1 - frame.x0) / 60);
  const bell = (x, middle, deviation) =>
    Math.exp(-0.5 * ((x - middle) / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI));
  const density = grid.map((x) => {
    let sum = 0;
    for (let n = 0; n < count; n++) sum += bell(x, positions[2 * n], width);
    return sum / count;
  });
  const prior = grid.map((x) => bell(x, 0, 1));
  const scale = DENSITY_HEIGHT / Math.max(...density, ...prior);
  const line = (values) => {
    context.beginPath();
    values.forEach((value, k) => context.lineTo(...frame.toPixels(grid[k], DENSITY_FOOT + value * scale)));
  };
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  line(density);
  context.lineTo(...frame.toPixels(frame.x1, DENSITY_FOOT));
  context.lineTo(...frame.toPixels(frame.x0, DENSITY_FOOT));
  context.fillStyle = theme.accent;
  context.globalAlpha = 0.3;
  context.fill();
  context.globalAlpha = 1;
  line(prior);
  context.setLineDash([5, 4]);
  context.lineWidth = 1.5;
  context.strokeStyle = theme.text;
  context.stroke();
  context.restore();
}

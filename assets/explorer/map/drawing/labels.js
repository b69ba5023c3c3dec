/** What stands on the map beside points: the classes' names, a path between latents. */

/** @typedef {import("../scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../../dom/theme.js").Theme} Theme */
/** @typedef {import("../scene/colouring.js").Group} Group */
/** @typedef {import("../scene/pen.js").EllipsePlace} EllipsePlace */
/** @typedef {import("../scene/pen.js").Pen} Pen */
/** @typedef {import("../scene/viewport.js").Pixel} Pixel */

/** @typedef {{text: string, x: number, y: number}} NamePlace  in axis units */

/** @typedef {{text: string, at: Pixel, wide: number}} DrawnName  its middle and its width, px */

/** A class of fewer points gets no name on the map. */
const LEAST_POINTS = 3;

/** And one of which a smaller share lies in one cell, where places are cells. */
const LEAST_TOGETHER = 0.2;

/** At least this share of the points' variance must lie between the classes: else a name says nothing about its place. */
const LEAST_APART = 0.05;

/**
 * Find where a class's name goes: on the median of its points; where places are cells, in the fullest of them.
 *
 * @param {Group[]} groups
 * @param {Float32Array} positions  (N, 2)
 * @param {Set<number>} hidden
 * @param {boolean} hasCells
 * @returns {NamePlace[]} none where classes do not lie apart
 */
export function namePlaces(groups, positions, hidden, hasCells) {
  const named = groups.filter(
    (group, g) => !hidden.has(g) && group.name && group.indices.length >= LEAST_POINTS,
  );
  if (hasCells) return named.flatMap((group) => fullestCell(group, positions));
  if (named.length > 1 && shareBetween(named, positions) < LEAST_APART) return [];
  return named.map(({ name, indices }) => {
    const [x, y] = [0, 1].map((axis) => {
      const values = Float32Array.from(indices, (n) => positions[2 * n + axis]).sort();
      return values[values.length >> 1];
    });
    return { text: name, x, y };
  });
}

/** @param {Group} group @param {Float32Array} positions @returns {NamePlace[]} none where its points are in no cell together */
function fullestCell({ name, indices }, positions) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const n of indices) {
    const cell = [0, 1].map((axis) => Math.round(positions[2 * n + axis])).join();
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const [[cell, count]] = [...counts].sort((a, b) => b[1] - a[1]);
  if (count < LEAST_TOGETHER * indices.length) return [];
  const [x, y] = cell.split(",").map(Number);
  return [{ text: name, x, y }];
}

/** @param {Group[]} groups @param {Float32Array} positions @returns {number} 0..1, of the variance */
function shareBetween(groups, positions) {
  let [between, total] = [0, 0];
  for (const axis of [0, 1]) {
    const own = groups.map(({ indices }) => {
      let [sum, squares] = [0, 0];
      for (const n of indices) {
        const value = positions[2 * n + axis];
        sum += value;
        squares += value * value;
      }
      return { count: indices.length, sum, squares };
    });
    const count = own.reduce((all, group) => all + group.count, 0);
    const correction = own.reduce((all, group) => all + group.sum, 0) ** 2 / count;
    total += own.reduce((all, group) => all + group.squares, 0) - correction;
    between += own.reduce((all, group) => all + group.sum ** 2 / group.count, 0) - correction;
  }
  return total > 0 ? between / total : 0;
}

/**
 * @param {Pen} pen
 * @param {Viewport} viewport
 * @param {Theme} theme
 * @param {NamePlace[]} names
 */
export function drawNames(pen, viewport, theme, names) {
  const size = nameSize(viewport);
  const placed = spread(
    names
      .map(({ text, x, y }) => ({
        text,
        at: viewport.toPixels(x, y),
        wide: pen.widthOf(text, size, theme.font) + 10,
      }))
      .filter(({ at }) => viewport.contains(...at)),
  );
  const style = { colour: theme.text, halo: theme.background, size, font: theme.font };
  for (const { text, at } of placed) pen.text(text, at[0], at[1], style);
}

/** @param {Viewport} viewport @returns {number} px */
function nameSize(viewport) {
  return viewport.width > 640 ? 16 : viewport.width > 340 ? 14 : 12;
}

/** Names that are less than this apart, up and down, overlap; px. */
const NAME_HEIGHT = 19;

/** Names pushed further than this from their points, in px, say nothing about them any more. */
const TOO_FAR = 24;

/**
 * Push names that overlap apart, up and down.
 *
 * @param {DrawnName[]} names  their places are changed
 * @returns {DrawnName[]} none at all where most would end up far from their points
 */
function spread(names) {
  const homes = names.map(({ at }) => at[1]);
  for (let round = 0; round < 40; round++) {
    let isClear = true;
    for (let a = 0; a < names.length; a++) {
      for (let b = a + 1; b < names.length; b++) {
        const aside = Math.abs(names[a].at[0] - names[b].at[0]) - (names[a].wide + names[b].wide) / 2;
        const gap = names[b].at[1] - names[a].at[1];
        if (aside >= 0 || Math.abs(gap) >= NAME_HEIGHT) continue;
        const push = (NAME_HEIGHT - Math.abs(gap)) / 2 + 0.1;
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

/** Least distance of two dots on a path, in px. */
const DOT_ROOM = 10.5;

/**
 * Draw a path with a dot at its steps, in the colour of the text, which no class has. Steps too near to one another
 * have none: the edges of so many dots would cover the path.
 *
 * @param {Pen} pen
 * @param {Viewport} viewport
 * @param {Theme} theme
 * @param {Float32Array} places  (M, 2) in axis units
 */
export function drawPath(pen, viewport, theme, places) {
  if (places.length < 4) return;
  const points = Array.from(
    { length: places.length / 2 },
    (_, n) => viewport.toPixels(places[2 * n], places[2 * n + 1]),
  );
  pen.line(points, { stroke: theme.background, width: 6 });
  pen.line(points, { stroke: theme.text, width: 2 });
  const last = points.length - 1;
  const ends = [points[0], points[last]];
  /** @type {(radius: number) => (place: Pixel) => EllipsePlace} */
  const dot = (radius) => ([x, y]) => [x, y, radius, radius, 0];
  const dots = { fill: theme.text, stroke: theme.background, width: 1.5 };
  pen.ellipses(
    apart(points, ends).map(dot(3.5)),
    dots,
  );
  pen.ellipses(
    ends.map(dot(6.5)),
    dots,
  );
  for (const [text, at, isLeft] of endNames(points[0], points[last])) {
    pen.text(text, at[0] + (isLeft ? -13 : 13), at[1], {
      colour: theme.text,
      halo: theme.background,
      size: nameSize(viewport),
      font: theme.font,
      align: isLeft ? "right" : "left",
    });
  }
}

/**
 * @param {Pixel} first
 * @param {Pixel} last
 * @returns {Array<[string, Pixel, boolean]>} what is written at a path's ends, and whether to the left of them
 */
function endNames(first, last) {
  const isStartLeft = first[0] <= last[0];
  return [["From", first, isStartLeft], ["To", last, !isStartLeft]];
}

/**
 * @param {Pixel[]} points
 * @param {Pixel[]} ends
 * @returns {Pixel[]} those with room for a dot, beside each other and beside the ends
 */
function apart(points, ends) {
  const kept = [...ends];
  for (const [x, y] of points) {
    if (kept.every((other) => Math.hypot(x - other[0], y - other[1]) >= DOT_ROOM)) kept.push([x, y]);
  }
  return kept.slice(ends.length);
}

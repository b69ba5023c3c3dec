/** The strokes of a chart: lines, dots, marks where a setting was changed, and the moment that is shown. */

/** @typedef {(value: number) => number} Scale  to px */

/** Width of a curve, and size of a mark's words, in px. */
const LINE = 2.25;
const MARK_SIZE = 12;

/** Rows that the marks' words may take, so that neighbours do not lie on each other. */
const MARK_ROWS = 2;

/** @param {Array<unknown>} marks @returns {number} room above the curves for the marks' words, px */
export function markRoom(marks) {
  return Math.min(MARK_ROWS, marks.length) * (MARK_SIZE + 3);
}

/**
 * Draw a line through readings, or a dot where there is only one yet.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Array<[number, number]>} points  epoch and value
 * @param {string} colour
 * @param {Scale} x
 * @param {Scale} y
 */
export function drawLine(context, points, colour, x, y) {
  if (points.length === 1) drawDots(context, points, colour, x, y);
  if (points.length < 2) return;
  context.strokeStyle = colour;
  context.lineWidth = LINE;
  context.lineJoin = "round";
  context.beginPath();
  points.forEach(([epoch, value], n) =>
    n ? context.lineTo(x(epoch), y(value)) : context.moveTo(x(epoch), y(value))
  );
  context.stroke();
}

/**
 * Draw dots, where they are few enough to be told apart.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Array<[number, number]>} points
 * @param {string} colour
 * @param {Scale} x
 * @param {Scale} y
 */
export function drawDots(context, points, colour, x, y) {
  if (points.length > 60) return;
  for (const [epoch, value] of points) drawDot(context, x(epoch), y(value), 3, colour);
}

/**
 * Draw a dashed line at each place where a setting was changed.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("../../dom/theme.js").Theme} theme
 * @param {Array<{epoch: number, text: string}>} marks
 * @param {Scale} x
 * @param {number} foot  px
 */
export function drawMarkLines(context, theme, marks, x, foot) {
  context.save();
  context.strokeStyle = theme.muted;
  context.lineWidth = 1.25;
  context.setLineDash([4, 3]);
  for (const { epoch } of marks) {
    const at = Math.round(x(epoch)) + 0.5;
    context.beginPath();
    context.moveTo(at, 0);
    context.lineTo(at, foot);
    context.stroke();
  }
  context.restore();
}

/**
 * Write what was changed beside these lines, in the room above the curves; what has no room is cut, or left out.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("../../dom/theme.js").Theme} theme
 * @param {Array<{epoch: number, text: string}>} marks
 * @param {Scale} x
 * @param {number} wide  px
 */
export function drawMarkWords(context, theme, marks, x, wide) {
  context.save();
  context.font = `${MARK_SIZE}px ${theme.font}`;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  const taken = new Array(MARK_ROWS).fill(-Infinity);
  const room = wide - 3 - (x(0) + 5);
  for (const { epoch, text: whole } of marks) {
    const text = shortened(context, whole, room);
    const width = context.measureText(text).width;
    const left = Math.min(Math.round(x(epoch)) + 5, wide - width - 3);
    const row = taken.findIndex((end) => end < left);
    if (row < 0) continue;
    taken[row] = left + width + 8;
    const bottom = MARK_SIZE + row * (MARK_SIZE + 3);
    context.fillStyle = theme.text;
    context.fillText(text, left, bottom);
  }
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} room  px
 * @returns {string} its beginning, if there is no room for all of it
 */
function shortened(context, text, room) {
  let shown = text;
  for (let kept = text.length - 1; kept > 0 && context.measureText(shown).width > room; kept--) {
    shown = `${text.slice(0, kept)}…`;
  }
  return shown;
}

/**
 * Draw a solid line at the moment that is shown, with a dot on each curve.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("../../dom/theme.js").Theme} theme
 * @param {number} at    px
 * @param {number} foot  px
 * @param {Array<[number, string]>} readings  px from the top, and the curve's colour
 */
export function drawMoment(context, theme, at, foot, readings) {
  context.strokeStyle = theme.accent;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(at, 0);
  context.lineTo(at, foot);
  context.stroke();
  for (const [y, colour] of readings) {
    if (!Number.isFinite(y)) continue;
    drawDot(context, at, y, 6, theme.background);
    drawDot(context, at, y, 4.5, colour);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} radius  px
 * @param {string} colour
 */
function drawDot(context, x, y, radius, colour) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

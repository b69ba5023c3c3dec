/** The borders of cells, where places on the map are pairs of categories. */

/**
 * @param {import("../scene/pen.js").Pen} pen
 * @param {import("../scene/viewport.js").Viewport} viewport
 * @param {import("../scene/axes.js").Cells} cells
 * @param {import("../../dom/theme.js").Theme} theme
 */
export function drawCells(pen, viewport, { corners: [left, bottom, right, top], high }, { line }) {
  const style = { stroke: line, width: 1 };
  for (let x = left; x <= right; x++) {
    pen.line([viewport.toPixels(x, bottom), viewport.toPixels(x, top)], style);
  }
  for (let y = bottom; y <= top; y += high) {
    pen.line([viewport.toPixels(left, y), viewport.toPixels(right, y)], style);
  }
}

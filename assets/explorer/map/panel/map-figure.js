/**
 * The map as a figure of its own: everything that is seen on it, points, lines and words as vectors.
 *
 * Plotly gives the axes; its own export would turn points drawn with WebGL into a bitmap and knows no layers. A PNG
 * is the same figure, drawn by the browser.
 */

import { drawingContext } from "../../dom/canvas.js";
import { canvasPng, withDensity } from "../../dom/files/png.js";
import { POINT_OPACITY, pointSize } from "../scene/moving-points.js";
import { svgElement, SvgPen } from "../scene/pen.js";

/** @typedef {import("../drawing/map.js").DrawnMap} DrawnMap */
/** @typedef {import("../scene/colouring.js").Colouring} Colouring */
/** @typedef {import("../scene/colouring.js").Group} Group */
/** @typedef {import("../scene/pen.js").EllipsePlace} EllipsePlace */
/** @typedef {import("../scene/pen.js").TextStyle} TextStyle */

/** Dots per px of a PNG for a screen. */
const SCALE = 2;

/** How high a line of the key below the map is, px. */
const KEY_LINE = 20;

/** How large the key is written, px. */
const KEY_SIZE = 13;

/**
 * @param {DrawnMap} map
 * @param {string} title  of the model; it stands above the map
 * @returns {Promise<string>} an SVG document
 */
export async function figureSvg({ scene, width, height: high, underlay, plot, cursorMarks, overlay }, title) {
  const { viewport, theme, colouring, hidden, points } = scene;
  const shown = colouring.groups.filter((group, g) => !hidden.has(g) && group.indices.length);
  const svg = svgElement("svg", { width });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const paper = svg.appendChild(svgElement("rect", { width, fill: theme.background }));
  const pen = new SvgPen(svg);
  underlay.paint(pen);
  svg.append(await plot.axesSvg());
  const radius = pointSize(points.now.length / 2, viewport) / 2;
  pen.inside(viewport, () => {
    for (const { indices, colour } of shown) {
      const places = Array.from(indices, (n) => {
        const [x, y] = viewport.toPixels(points.now[2 * n], points.now[2 * n + 1]);
        return /** @type {EllipsePlace} */ ([x, y, radius, radius, 0]);
      }).filter(([x, y]) => viewport.contains(x, y));
      pen.ellipses(places, { fill: colour, opacity: POINT_OPACITY });
    }
  });
  const one = cursorMarks.posterior;
  if (one) pen.inside(viewport, () => pen.ellipses([one], { stroke: theme.accent, width: 2 }));
  overlay.paint(pen);
  /** @type {TextStyle} */
  const style = {
    colour: theme.text,
    halo: theme.background,
    size: KEY_SIZE,
    font: theme.font,
    align: "left",
  };
  pen.text(title, viewport.left, 13, { ...style, weight: 600 });
  const height = drawKey(pen, style, colouring, shown, { left: viewport.left, width, top: high });
  paper.setAttribute("height", String(height));
  svg.setAttribute("height", String(height));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return new XMLSerializer().serializeToString(svg);
}

/**
 * @param {DrawnMap} map
 * @param {string} title
 * @param {{width: number, dotsPerInch: number}} [print]  how wide, in dots; by default twice the size on the screen
 * @returns {Promise<Blob>} a PNG
 */
export async function figurePng(map, title, print) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await figureSvg(map, title))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  const scale = print ? print.width / image.width : SCALE;
  Object.assign(canvas, { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
  drawingContext(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  const png = await canvasPng(canvas);
  return print ? withDensity(png, print.dotsPerInch) : png;
}

/**
 * Say below the map what its colours mean.
 *
 * @param {SvgPen} pen
 * @param {TextStyle} style
 * @param {Colouring} colouring
 * @param {Group[]} shown  those groups of it that are to be seen
 * @param {{left: number, width: number, top: number}} room  where the key begins, and the figure's width; px
 * @returns {number} where the figure ends, px
 */
function drawKey(pen, style, { by, groups, range }, shown, { left, width, top }) {
  let [x, y] = [left, top + KEY_LINE / 2];
  if (range) {
    const text = (/** @type {number} */ value) => String(Number(value.toPrecision(3)));
    pen.text(`${by} ${text(range[0])}`, x, y, style);
    x += pen.widthOf(`${by} ${text(range[0])}`, style.size, style.font) + 10;
    groups.forEach(({ colour }, g) => pen.rectangle(x + 8 * g, y - 5, 8.5, 10, { fill: colour }));
    pen.text(text(range[1]), x + 8 * groups.length + 10, y, style);
    return y + KEY_LINE;
  }
  if (shown.length < 2) return top;
  for (const { name, colour } of shown) {
    const wide = pen.widthOf(name, style.size, style.font) + 36;
    if (x + wide > width && x > left) [x, y] = [left, y + KEY_LINE];
    pen.ellipses([[x + 6, y, 5, 5, 0]], { fill: colour });
    pen.text(name, x + 17, y, { ...style, weight: 400 });
    x += wide;
  }
  return y + KEY_LINE;
}

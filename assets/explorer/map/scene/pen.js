/**
 * One way to draw on the map, two papers: a canvas for the screen, SVG for a figure that is exported.
 *
 * Who draws a layer, a name or a path writes it once and gets both. Places are px in the map's drawing.
 */

import { drawingContext } from "../../dom/canvas.js";

/**
 * @typedef {object} Style
 * @property {string} [fill]
 * @property {string} [stroke]
 * @property {number} [width]      of the stroke, px
 * @property {number[]} [dash]
 * @property {number} [opacity]
 */

/**
 * @typedef {object} TextStyle
 * @property {string} colour
 * @property {string} halo         drawn around the letters, so that they stand on anything
 * @property {number} size         px
 * @property {string} font
 * @property {"left" | "right" | "center"} [align]
 * @property {number} [weight]
 */

/** @typedef {[number, number, number, number, number]} EllipsePlace  centre x, y, radius along, across, angle clockwise */

/** @typedef {{isSmooth: boolean, opacity?: number}} ImageStyle  `isSmooth`: enlarged pixels blend into one another */

/** @typedef {import("./viewport.js").Pixel} Pixel */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/** @typedef {CanvasPen | SvgPen} Pen */

export class CanvasPen {
  /** @param {CanvasRenderingContext2D} context  scaled to CSS pixels */
  constructor(context) {
    this.context = context;
  }

  /** Draw only inside the viewport. @param {Viewport} viewport @param {() => void} draw */
  inside({ left, top, width, height }, draw) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(left, top, width, height);
    this.context.clip();
    draw();
    this.context.restore();
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @param {ImageStyle} style
   */
  image(canvas, x, y, width, height, { isSmooth, opacity = 1 }) {
    const { context } = this;
    context.imageSmoothingEnabled = isSmooth;
    context.imageSmoothingQuality = "medium";
    context.globalAlpha = opacity;
    context.drawImage(canvas, x, y, width, height);
    context.globalAlpha = 1;
  }

  /** @param {EllipsePlace[]} places @param {Style} style */
  ellipses(places, style) {
    const { context } = this;
    context.beginPath();
    for (const [x, y, along, across, angle] of places) {
      context.moveTo(x + along * Math.cos(angle), y + along * Math.sin(angle));
      context.ellipse(x, y, along, across, angle, 0, 2 * Math.PI);
    }
    this.#paint(style);
  }

  /** @param {Pixel[]} points @param {Style} style */
  line(points, style) {
    this.context.beginPath();
    points.forEach(([x, y], n) => (n ? this.context.lineTo(x, y) : this.context.moveTo(x, y)));
    this.#paint(style);
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height @param {Style} style */
  rectangle(x, y, width, height, style) {
    this.context.beginPath();
    this.context.rect(x, y, width, height);
    this.#paint(style);
  }

  /** @param {string} text @param {number} x @param {number} y  its middle @param {TextStyle} style */
  text(text, x, y, { colour, halo, size, font, align = "center", weight = 600 }) {
    const { context } = this;
    Object.assign(context, { font: `${weight} ${size}px ${font}`, textAlign: align, textBaseline: "middle" });
    Object.assign(context, { lineJoin: "round", lineWidth: 4, strokeStyle: halo, fillStyle: colour });
    context.globalAlpha = 0.85;
    context.strokeText(text, x, y);
    context.globalAlpha = 1;
    context.fillText(text, x, y);
  }

  /** @param {string} text @param {number} size @param {string} font @returns {number} px */
  widthOf(text, size, font) {
    this.context.font = `600 ${size}px ${font}`;
    return this.context.measureText(text).width;
  }

  /** @param {Style} style */
  #paint({ fill, stroke, width = 1, dash = [], opacity = 1 }) {
    const { context } = this;
    context.globalAlpha = opacity;
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    if (stroke) {
      Object.assign(context, { strokeStyle: stroke, lineWidth: width, lineJoin: "round" });
      context.setLineDash(dash);
      context.stroke();
      context.setLineDash([]);
    }
    context.globalAlpha = 1;
  }
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, string | number | undefined>} attributes  numbers are rounded to hundredths of a px
 * @param {string} [text]
 * @returns {SVGElement}
 */
export function svgElement(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    node.setAttribute(name, typeof value === "number" ? String(Math.round(value * 100) / 100) : value);
  }
  node.textContent = text;
  return node;
}

/** Draws nothing: it says how wide a text is. @type {CanvasPen | null} */
let measuring = null;

export class SvgPen {
  /** @param {SVGElement} group  drawn into */
  constructor(group) {
    this.group = group;
  }

  /** @param {Viewport} viewport @param {() => void} draw */
  inside({ left, top, width, height }, draw) {
    const outer = this.group;
    // A nested drawing clips to its own edges; its view box keeps the places as they are.
    const attributes = { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}` };
    this.group = outer.appendChild(svgElement("svg", attributes));
    draw();
    this.group = outer;
  }

  /** @type {CanvasPen["image"]} */
  image(canvas, x, y, width, height, { isSmooth, opacity }) {
    const node = svgElement("image", { x, y, width, height, opacity, preserveAspectRatio: "none" });
    node.setAttribute("href", canvas.toDataURL("image/png"));
    node.setAttribute("style", isSmooth ? "" : "image-rendering: pixelated");
    this.group.append(node);
  }

  /** @type {CanvasPen["ellipses"]} */
  ellipses(places, style) {
    const group = this.group.appendChild(svgElement("g", paint(style)));
    for (const [cx, cy, rx, ry, angle] of places) {
      const isRound = Math.abs(rx - ry) < 1e-6;
      group.append(
        isRound ? svgElement("circle", { cx, cy, r: rx }) : svgElement("ellipse", {
          rx,
          ry,
          transform: `translate(${cx.toFixed(2)} ${cy.toFixed(2)}) rotate(${
            ((angle * 180) / Math.PI).toFixed(2)
          })`,
        }),
      );
    }
  }

  /** @type {CanvasPen["line"]} */
  line(points, style) {
    const path = points.map((point) => point.map((value) => value.toFixed(2)).join(",")).join(" ");
    this.group.append(svgElement("polyline", { points: path, ...paint(style) }));
  }

  /** @type {CanvasPen["rectangle"]} */
  rectangle(x, y, width, height, style) {
    this.group.append(svgElement("rect", { x, y, width, height, ...paint(style) }));
  }

  /** @type {CanvasPen["text"]} */
  text(text, x, y, { colour, halo, size, font, align = "center", weight = 600 }) {
    const attributes = {
      x,
      y,
      fill: colour,
      stroke: halo,
      "stroke-width": 4,
      "stroke-linejoin": "round",
      "paint-order": "stroke",
      "font-family": font,
      "font-size": size,
      "font-weight": weight,
      "text-anchor": { left: "start", right: "end", center: "middle" }[align],
      "dominant-baseline": "central",
    };
    this.group.append(svgElement("text", attributes, text));
  }

  /** @type {CanvasPen["widthOf"]} */
  widthOf(text, size, font) {
    measuring ??= new CanvasPen(drawingContext(document.createElement("canvas")));
    return measuring.widthOf(text, size, font);
  }
}

/** @param {Style} style @returns {Record<string, string | number | undefined>} as attributes */
function paint({ fill = "none", stroke, width, dash, opacity }) {
  return {
    fill,
    stroke,
    "stroke-width": stroke && (width ?? 1),
    "stroke-dasharray": dash?.join(" "),
    opacity,
  };
}

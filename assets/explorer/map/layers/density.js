/**
 * Where codes lie against where the prior expects them, as a picture on the axes.
 *
 * Colour says by how much the aggregate posterior is denser or thinner than the prior; it fades where neither of them
 * expects anything. So a hole, which the prior fills with samples that no image ever taught the decoder, is seen.
 */

import { drawingContext } from "../../dom/canvas.js";
import { aggregateDensity, kernelCovariance, priorDensity } from "../../latent/posterior.js";

/** @typedef {import("../scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../scene/axes.js").Axes} Axes */

/** Full colour at this many doublings or halvings of the prior's density. */
export const MOST_DOUBLINGS = 3;

/** Where both densities lie below this share of the prior's greatest, colour begins to fade. */
const FAINT = 0.05;

/** Of places where codes are denser than the prior: orange, which colour-blind readers tell from purple. */
const DENSER = [224, 130, 20];

/** Of places where codes are thinner than the prior: purple. */
const THINNER = [128, 100, 205];

/** How much of what lies below a full colour hides, of 255. */
const GREATEST_OPACITY = 200;

/** A cell of the picture is at least so wide and high, in px. */
const LEAST_CELL = 4;

/** Along its longer side the picture has at least so many cells. */
const LEAST_CELLS = 48;

/** The picture is made when the viewport has been at rest for so long, in ms. */
const REST = 90;

/** The first picture on other axes is made after so long, in ms: the points move first. */
const FIRST = 30;

/**
 * Give the colour of a place.
 *
 * @param {number} codes  density of the aggregate posterior, per unit of area
 * @param {number} prior  density of the prior
 * @returns {[number, number, number, number]} red, green, blue, opacity, each 0..255
 */
export function contrastColour(codes, prior) {
  const floor = FAINT / (2 * Math.PI);
  const doublings = Math.log2((codes + floor / 64) / (prior + floor / 64));
  const strength = Math.min(1, Math.abs(doublings) / MOST_DOUBLINGS);
  const presence = Math.min(1, Math.max(codes, prior) / floor);
  const [r, g, b] = doublings > 0 ? DENSER : THINNER;
  return [r, g, b, Math.round(GREATEST_OPACITY * strength * presence)];
}

/** @returns {string} the scale as a CSS background, from thinner to denser */
export function contrastScale() {
  /** @type {(colour: number[]) => string} */
  const end = (colour) => `rgba(${colour.join(", ")}, ${GREATEST_OPACITY / 255})`;
  return `linear-gradient(to right, ${end(THINNER)}, transparent, ${end(DENSER)})`;
}

export class Density {
  /** @param {() => void} onChange  something new is to be seen */
  constructor(onChange) {
    this.onChange = onChange;
    this.canvas = document.createElement("canvas");
    /** Left, right, lower and upper edge of the picture in axis units. @type {number[] | null} */
    this.edges = null;
    this.timer = 0;
    /** Whether an image's code is a point, without a posterior: the codes are smoothed then. */
    this.isOfPoints = false;
  }

  /** Forget the picture. */
  clear() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.edges = null;
  }

  /** See to it that this viewport has its picture soon. @param {Viewport} viewport @param {Axes} axes */
  want(viewport, axes) {
    clearTimeout(this.timer);
    const make = () => {
      this.timer = 0;
      this.#make(viewport, axes);
      this.onChange();
    };
    this.timer = setTimeout(make, this.edges ? REST : FIRST);
  }

  /** @param {import("../scene/pen.js").Pen} pen @param {Viewport} viewport */
  draw(pen, viewport) {
    if (!this.edges) return;
    const [left, right, low, top] = this.edges;
    const [x, y] = viewport.toPixels(left, top);
    const [end, bottom] = viewport.toPixels(right, low);
    pen.image(this.canvas, x, y, end - x, bottom - y, { isSmooth: true });
  }

  close() {
    this.clear();
    this.canvas.width = this.canvas.height = 0;
  }

  /** @param {Viewport} viewport @param {Axes} axes */
  #make(viewport, axes) {
    const [points, centre] = [axes.points(), axes.prior()];
    const covariances = axes.covariances() ?? (this.isOfPoints ? smoothed(points) : null);
    if (!covariances || !centre) return; // a run that has just begun
    const [centreX, centreY] = centre;
    const cell = cellFor(viewport, covariances);
    const [columns, rows] = [Math.ceil(viewport.width / cell), Math.ceil(viewport.height / cell)];
    const unit = (viewport.x1 - viewport.x0) / viewport.width;
    const step = cell * unit;
    const xs = Float64Array.from({ length: columns }, (_, k) => viewport.x0 + (k + 0.5) * step);
    const ys = Float64Array.from({ length: rows }, (_, k) => viewport.y0 + (k + 0.5) * step);
    // What a cell shows is nearly the mean over its area, so that a posterior narrower than a cell is not missed.
    for (let n = 0; n < covariances.length; n += 3) {
      covariances[n] += step ** 2 / 12;
      covariances[n + 2] += step ** 2 / 12;
    }
    const codes = aggregateDensity(points, covariances, xs, ys);
    const image = new ImageData(columns, rows);
    for (let row = 0, p = 0; row < rows; row++) {
      const y = rows - 1 - row;
      for (let column = 0; column < columns; column++, p += 4) {
        const prior = priorDensity(xs[column] - centreX, ys[y] - centreY);
        image.data.set(contrastColour(codes[y * columns + column], prior), p);
      }
    }
    Object.assign(this.canvas, { width: columns, height: rows });
    drawingContext(this.canvas).putImageData(image, 0, 0);
    this.edges = [viewport.x0, viewport.x0 + columns * step, viewport.y0, viewport.y0 + rows * step];
  }
}

/** @param {Float32Array} points  (N, 2) @returns {Float32Array} the same kernel for each of them, (N, 3) */
function smoothed(points) {
  const kernel = kernelCovariance(points);
  return Float32Array.from({ length: (points.length / 2) * 3 }, (_, p) => kernel[p % 3]);
}

/**
 * Make cells as fine as the posteriors are wide: finer costs time and shows nothing.
 *
 * @param {Viewport} viewport
 * @param {Float32Array} covariances  (N, 3)
 * @returns {number} px
 */
function cellFor(viewport, covariances) {
  const widths = Float32Array.from(
    { length: covariances.length / 3 },
    (_, n) => Math.sqrt(Math.min(covariances[3 * n], covariances[3 * n + 2])),
  ).sort();
  const px = (widths[widths.length >> 1] * viewport.width) / (viewport.x1 - viewport.x0);
  return Math.max(LEAST_CELL, Math.min(px, Math.max(viewport.width, viewport.height) / LEAST_CELLS));
}

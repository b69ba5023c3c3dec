/**
 * Where codes lie against where the prior expects them, as a picture on the axes.
 *
 * Colour says by how much the aggregate posterior is denser or thinner than the prior; it fades where neither of them
 * expects anything. So a hole, which the prior fills with samples that no image ever taught the decoder, is seen.
 */

import { aggregateDensity, priorDensity } from "../../latent/posterior.js";

/** @typedef {import("../scene/viewport.js").Frame} Frame */
/** @typedef {import("../scene/axes.js").Axes} Axes */

/** Full colour at this many doublings or halvings of the prior's density. */
export const MOST_DOUBLINGS = 3;

/** Of the prior's greatest density: where both lie below, colour begins to fade. */
const FAINT = 0.05;

/** Denser than the prior, thinner than the prior: orange and purple, apart for colour-blind readers too. */
const DENSER = [224, 130, 20];
const THINNER = [128, 100, 205];
const GREATEST_OPACITY = 200; // of 255

/** px of a cell, and how many cells at least. */
const LEAST_CELL = 4;
const LEAST_CELLS = 48;

/** ms after the frame came to rest; and on other axes, whose points move first. */
const REST = 90;
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
  }

  /** Forget the picture. */
  clear() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.edges = null;
  }

  /** See to it that this frame has its picture soon. @param {Frame} frame @param {Axes} axes */
  want(frame, axes) {
    clearTimeout(this.timer);
    const make = () => {
      this.timer = 0;
      this.#make(frame, axes);
      this.onChange();
    };
    this.timer = setTimeout(make, this.edges ? REST : FIRST);
  }

  /** @param {import("../scene/pen.js").CanvasPen | import("../scene/pen.js").SvgPen} pen @param {Frame} frame */
  draw(pen, frame) {
    if (!this.edges) return;
    const [left, right, low, top] = this.edges;
    const [x, y] = frame.toPixels(left, top);
    const [end, bottom] = frame.toPixels(right, low);
    pen.image(this.canvas, x, y, end - x, bottom - y, { isSmooth: true });
  }

  close() {
    this.clear();
    this.canvas.width = this.canvas.height = 0;
  }

  /** @param {Frame} frame @param {Axes} axes */
  #make(frame, axes) {
    const covariances = axes.covariances();
    if (!covariances) return; // a run that has just begun
    const [centreX, centreY] = axes.prior();
    const cell = cellFor(frame, covariances);
    const [columns, rows] = [Math.ceil(frame.width / cell), Math.ceil(frame.height / cell)];
    const unit = (frame.x1 - frame.x0) / frame.width;
    const step = cell * unit;
    const xs = Float64Array.from({ length: columns }, (_, k) => frame.x0 + (k + 0.5) * step);
    const ys = Float64Array.from({ length: rows }, (_, k) => frame.y0 + (k + 0.5) * step);
    // What a cell shows is nearly the mean over its area, so that a posterior narrower than a cell is not missed.
    for (let n = 0; n < covariances.length; n += 3) {
      covariances[n] += step ** 2 / 12;
      covariances[n + 2] += step ** 2 / 12;
    }
    const codes = aggregateDensity(axes.points(), covariances, xs, ys);
    const image = new ImageData(columns, rows);
    for (let row = 0, p = 0; row < rows; row++) {
      const y = rows - 1 - row;
      for (let column = 0; column < columns; column++, p += 4) {
        const prior = priorDensity(xs[column] - centreX, ys[y] - centreY);
        image.data.set(contrastColour(codes[y * columns + column], prior), p);
      }
    }
    Object.assign(this.canvas, { width: columns, height: rows });
    this.canvas.getContext("2d").putImageData(image, 0, 0);
    this.edges = [frame.x0, frame.x0 + columns * step, frame.y0, frame.y0 + rows * step];
  }
}

/** As fine as the posteriors are wide: finer costs time and shows nothing. @returns {number} px */
function cellFor(frame, covariances) {
  const widths = Float32Array.from(
    { length: covariances.length / 3 },
    (_, n) => Math.sqrt(Math.min(covariances[3 * n], covariances[3 * n + 2])),
  ).sort();
  const px = (widths[widths.length >> 1] * frame.width) / (frame.x1 - frame.x0);
  return Math.max(LEAST_CELL, Math.min(px, Math.max(frame.width, frame.height) / LEAST_CELLS));
}

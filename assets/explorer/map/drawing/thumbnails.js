/** The images themselves on their points, where the map is so close that there is room for them. */

import { drawingContext } from "../../dom/canvas.js";
import { writeRgba } from "../../dom/pictures.js";
import { imageOf } from "../../latent/space.js";

/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("../scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../scene/colouring.js").Group} Group */

/** Sides that images may have, in px, the largest first. */
const SIDES = [56, 42, 30];

/** Images are drawn where those in view would cover no more than this share of the map. */
const MOST_COVERED = 0.35;

/** Room between two images, px. */
const GAP = 4;

/** Around each image there is so wide a border in its point's colour, px. */
const BORDER = 2;

/** So many images are kept ready to draw. */
const KEPT = 400;

/** @typedef {{index: number, x: number, y: number, colour: string}} ImagePlace  the middle, px */

export class Thumbnails {
  constructor() {
    /** Images ready to draw, by their index. @type {Map<number, HTMLCanvasElement>} */
    this.canvases = new Map();
    /** Those that these are of. @type {Uint8Array | null} */
    this.images = null;
  }

  /**
   * @param {import("../scene/pen.js").Pen} pen
   * @param {Viewport} viewport
   * @param {Space} space           whose images they are
   * @param {Float32Array} places   of the points, (N, 2)
   * @param {Group[]} groups
   * @param {Set<number>} hidden
   */
  draw(pen, viewport, space, places, groups, hidden) {
    const shown = groups.filter((_, g) => !hidden.has(g));
    const side = sideFor(viewport, places, shown);
    if (!side) return;
    const [, height, width] = space.shape;
    const [wide, high] = [width, height].map((length) => (side * length) / Math.max(width, height));
    for (const { index, x, y, colour } of chosenPlaces(viewport, places, shown, side + GAP + 2 * BORDER)) {
      const [left, top] = [Math.round(x - wide / 2), Math.round(y - high / 2)];
      pen.rectangle(left - BORDER, top - BORDER, wide + 2 * BORDER, high + 2 * BORDER, { fill: colour });
      pen.image(this.#canvas(space, index), left, top, wide, high, { isSmooth: wide < width });
    }
  }

  /** @param {Space} space @param {number} index @returns {HTMLCanvasElement} */
  #canvas(space, index) {
    if (this.images !== space.images) {
      this.canvases.clear();
      this.images = space.images;
    }
    let canvas = this.canvases.get(index);
    if (!canvas) {
      if (this.canvases.size >= KEPT) this.canvases.clear();
      const [, height, width] = space.shape;
      canvas = Object.assign(document.createElement("canvas"), { width, height });
      const image = new ImageData(width, height);
      writeRgba(imageOf(space, index), 1, space.shape, image.data);
      drawingContext(canvas, { willReadFrequently: true }).putImageData(image, 0, 0);
      this.canvases.set(index, canvas);
    }
    return canvas;
  }
}

/**
 * Choose how large images are drawn.
 *
 * @param {Viewport} viewport
 * @param {Float32Array} places
 * @param {Group[]} groups
 * @returns {number} px of the longer side; 0 where so many are in view that only points will do
 */
export function sideFor(viewport, places, groups) {
  const most = (MOST_COVERED * viewport.width * viewport.height) / Math.min(...SIDES) ** 2;
  let inView = 0;
  for (const { indices } of groups) {
    for (const n of indices) {
      if (viewport.contains(...viewport.toPixels(places[2 * n], places[2 * n + 1]))) inView += 1;
      if (inView > most) return 0;
    }
  }
  if (!inView) return 0;
  return SIDES.find((side) => inView * side ** 2 <= MOST_COVERED * viewport.width * viewport.height) ?? 0;
}

/**
 * Choose the points whose images do not overlap: of two, the one with the smaller index, wherever the map is panned to.
 *
 * @param {Viewport} viewport
 * @param {Float32Array} places
 * @param {Group[]} groups
 * @param {number} side  px
 * @returns {ImagePlace[]}
 */
export function chosenPlaces(viewport, places, groups, side) {
  const all = groups.flatMap(({ indices, colour }) => Array.from(indices, (index) => ({ index, colour })));
  all.sort((a, b) => a.index - b.index);
  /** @type {Map<string, ImagePlace[]>} by the square of the screen they lie in */
  const taken = new Map();
  /** @type {ImagePlace[]} */
  const chosen = [];
  for (const { index, colour } of all) {
    const [x, y] = viewport.toPixels(places[2 * index], places[2 * index + 1]);
    const [column, row] = [Math.floor(x / side), Math.floor(y / side)];
    if (!Number.isFinite(column + row)) continue;
    const around = [-1, 0, 1].flatMap((right) =>
      [-1, 0, 1].flatMap((down) => taken.get(`${column + right},${row + down}`) ?? [])
    );
    if (around.some((other) => Math.abs(other.x - x) < side && Math.abs(other.y - y) < side)) continue;
    const place = { index, x, y, colour };
    const key = `${column},${row}`;
    taken.set(key, [...(taken.get(key) ?? []), place]);
    if (viewport.contains(x, y)) chosen.push(place);
  }
  return chosen;
}

/**
 * The decoded manifold: what every place on the map decodes to, as one picture that lies on the axes.
 *
 * Its cells hang on a lattice of the axes' own units, through zero: each shows the decoded latent of its centre, so
 * panning keeps the pictures that are there and zooming asks for a finer lattice. The worker decodes, from the middle
 * outwards; the newest request wins, but newer weights of a run wait until a drawing is whole: they may come faster than
 * it is drawn. At first, and when the pinned latent has changed, a coarse lattice comes before the fine one.
 */

import { drawingContext } from "../../dom/canvas.js";
import { latticeFor, latticeOfCells, Tile } from "./manifold-tile.js";

/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../scene/pen.js").Pen} Pen */
/** @typedef {import("./manifold-tile.js").TilePlan} TilePlan */

/**
 * @typedef {object} Wanted      what pictures are for
 * @property {Viewport} viewport  to be covered
 * @property {Axes} axes
 * @property {Float32Array} pinned  the latent that the plane goes through, (D,)
 */

/** At most so many pictures along the map's longer side, and at least 0.84 of that; fewer where the map is small. */
const ACROSS = { coarse: 9, fine: 32, live: 22 };

/** A picture is at least so wide or high, in px. */
const LEAST_SIDE = 15;

/** While the viewport moves, pictures are asked for every so many ms. */
const PACE = 80;

export class Manifold {
  /**
   * @param {import("../../decode/service.js").DecodeService} service
   * @param {() => void} onChange  something new is to be seen
   */
  constructor(service, onChange) {
    this.service = service;
    this.onChange = onChange;
    /** As the decoding service knows it; empty before there is one. */
    this.model = "";
    /** Of a picture, (C, H, W). @type {[number, number, number]} */
    this.shape = [1, 1, 1];
    /** Counts the models and weights that pictures came from. */
    this.version = 0;
    this.isLive = false;
    /** One picture, on its way into a tile. */
    this.pixels = new ImageData(1, 1);
    this.picture = document.createElement("canvas");
    this.pictureContext = drawingContext(this.picture, { willReadFrequently: true });
    /** From below to above; the last is the newest. @type {Tile[]} */
    this.tiles = [];
    /** What pictures were last asked for; null: they are not wanted. @type {Wanted | null} */
    this.wanted = null;
    this.timer = 0;
    /** What the worker is filling. @type {Tile | null} */
    this.pending = null;
    /** Whether newer weights have come meanwhile. */
    this.isBehind = false;
  }

  /**
   * Take pictures from this model from now on, or from newer weights of the same.
   *
   * @param {string} model
   * @param {[number, number, number]} shape  of a picture, (C, H, W)
   * @param {boolean} isLive                  its weights change all the time: fewer pictures, none of them coarse
   */
  use(model, shape, isLive) {
    if (model !== this.model) this.pending = null; // nobody may decode it any more
    this.model = model;
    this.shape = shape;
    this.isLive = isLive;
    this.version += 1;
    const [, height, width] = shape;
    this.pixels = new ImageData(width, height);
    Object.assign(this.picture, { width, height });
  }

  /** Forget the pictures: they lie on other axes, or are not wanted. */
  clear() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.#keep([]);
    this.wanted = null;
    this.pending = null;
    this.service.cancel("manifold");
  }

  /**
   * See to it that this viewport has its pictures soon.
   *
   * @param {Viewport} viewport
   * @param {Axes} axes
   * @param {Float32Array} pinned
   */
  want(viewport, axes, pinned) {
    if (!this.model || !pinned.length) return;
    this.wanted = { viewport: viewport.copy(), axes, pinned };
    if (this.tiles.length) this.timer ||= setTimeout(() => this.#ask(), PACE);
    else this.#ask(); // at once: the worker decodes while the page draws the rest
  }

  /** @param {Pen} pen @param {Viewport} viewport */
  draw(pen, viewport) {
    for (const tile of this.tiles) {
      const [left, right, low, top] = tile.edges;
      const [x, y] = viewport.toPixels(left, top);
      const [end, bottom] = viewport.toPixels(right, low);
      const isSmooth = (end - x) / tile.lattice.columns < this.shape[2];
      pen.image(tile.canvas, x, y, end - x, bottom - y, { isSmooth });
    }
  }

  close() {
    clearTimeout(this.timer);
    this.#keep([]);
  }

  /** @param {Tile[]} tiles  all others go */
  #keep(tiles) {
    for (const tile of this.tiles) if (!tiles.includes(tile)) tile.close();
    this.tiles = tiles;
  }

  #ask() {
    this.timer = 0;
    if (!this.wanted) return;
    const { axes, pinned } = this.wanted;
    // Other latents stand behind the same place when the other dimensions have moved.
    const isWhole = !axes.isExact || pinned.length <= (axes.name === "0" ? 1 : 2);
    const of = `${this.version} ${axes.name} ${isWhole ? "" : pinned.join()}`;
    const isCovered = this.tiles.some((tile) => tile.plan.of === of && tile.isDone.some(Boolean));
    const fine = this.isLive ? ACROSS.live : ACROSS.fine;
    this.#draw(this.wanted, isCovered || this.isLive ? [fine] : [ACROSS.coarse, fine], of);
  }

  /**
   * Ask for the cells of lattices that have no picture yet, of one lattice after the other.
   *
   * @param {Wanted} wanted
   * @param {number[]} across  most cells along the longer side, of each lattice
   * @param {string} of        what the pictures depend on beside their places
   */
  #draw({ viewport, axes, pinned }, across, of) {
    const plans = across.map((most) => this.#plan(viewport, axes, most, of));
    const newest = plans[plans.length - 1];
    if (this.tiles.at(-1)?.isOf(newest)) return; // it is there, or on its way
    if (this.isLive && this.pending?.isPiece(newest.lattice)) {
      this.isBehind = true;
      return;
    }
    const isOther = (/** @type {TilePlan} */ plan) => plan.lattice.stepX !== newest.lattice.stepX;
    const tiles = plans.filter((plan) => plan === newest || isOther(plan)).map((plan) => this.#tile(plan));
    const others = this.tiles.filter((earlier) => !tiles.some((tile) => earlier.fits(tile.plan)));
    this.#keep([...others.slice(-2), ...tiles]);
    /** @type {Array<[Tile, number]>} */
    const cells = [];
    /** @type {Float32Array[]} */
    const codes = [];
    for (const tile of tiles) {
      for (const cell of tile.missing()) {
        const { z, distance } = axes.land(...tile.centre(cell), pinned);
        if (distance !== null && distance > axes.reach) {
          tile.isDone[cell] = 1;
          continue;
        }
        cells.push([tile, cell]);
        codes.push(z);
      }
    }
    const last = tiles[tiles.length - 1];
    this.isBehind = false;
    if (!cells.length) {
      this.service.cancel("manifold");
      this.#finish(last);
      return;
    }
    this.pending = last;
    const flat = new Float32Array(cells.length * pinned.length);
    codes.forEach((z, n) => flat.set(z, n * pinned.length));
    this.service.request(
      "manifold",
      this.model,
      flat,
      1,
      ({ start, rgba, isLast }) => {
        this.#fill(cells, start, rgba);
        if (isLast) this.#finish(last);
        else this.onChange();
      },
      { isPatient: true },
    );
    this.onChange();
  }

  /**
   * @param {Viewport} viewport
   * @param {Axes} axes
   * @param {number} across  most cells along the longer side
   * @param {string} of
   * @returns {TilePlan}
   */
  #plan(viewport, axes, across, of) {
    const isLine = axes.name === "0";
    const room = Math.max(4, Math.max(viewport.width, viewport.height) / LEAST_SIDE);
    const lattice = axes.cells
      ? latticeOfCells(axes.cells)
      : latticeFor(viewport, this.shape, Math.min(isLine ? across / 2 : across, room), isLine);
    const [, height, width] = this.shape;
    const scale = (Math.min(2, globalThis.devicePixelRatio || 1) * viewport.width) /
      (viewport.x1 - viewport.x0);
    const cellWidth = Math.max(2, Math.min(width, Math.round(lattice.stepX * scale)));
    const cellHeight = Math.max(2, Math.min(height, Math.round(lattice.stepY * scale)));
    return { lattice, cellWidth, cellHeight, of };
  }

  /** @param {TilePlan} plan @returns {Tile} with the pictures that are there already */
  #tile(plan) {
    const tile = new Tile(plan);
    for (const earlier of this.tiles) if (earlier.fits(plan)) tile.take(earlier);
    return tile;
  }

  /** All its pictures are there: those below are not needed any more. @param {Tile} tile */
  #finish(tile) {
    this.pending = null;
    if (this.tiles.includes(tile)) this.#keep(this.tiles.slice(this.tiles.indexOf(tile)));
    this.onChange();
    if (this.isBehind && !this.timer) this.#ask();
  }

  /**
   * Draw pictures that have come into their cells.
   *
   * @param {Array<[Tile, number]>} cells  those that were asked for, in this order
   * @param {number} start             which of them comes first
   * @param {Uint8ClampedArray} rgba   one picture after the other
   */
  #fill(cells, start, rgba) {
    const size = this.pixels.data.length;
    for (let n = 0; n * size < rgba.length; n++) {
      const [{ context, lattice, plan, isDone }, cell] = cells[start + n];
      const x = (cell % lattice.columns) * plan.cellWidth;
      const y = Math.floor(cell / lattice.columns) * plan.cellHeight;
      this.pixels.data.set(rgba.subarray(n * size, (n + 1) * size));
      this.pictureContext.putImageData(this.pixels, 0, 0);
      context.imageSmoothingQuality = "medium";
      context.drawImage(this.picture, x, y, plan.cellWidth, plan.cellHeight);
      isDone[cell] = 1;
    }
  }
}

/**
 * The decoded manifold: what every place on the map decodes to, as one picture that lies on the axes.
 *
 * Its cells hang on a lattice of the axes' own units, through zero: each shows the decoded latent of its centre, so
 * panning keeps the pictures that are there and zooming asks for a finer lattice. The worker decodes, from the middle
 * outwards; the newest wish wins. At first, and when the pinned latent has changed, a coarse lattice comes before the
 * fine one.
 */

import { latticeFor, Tile } from "./manifold-tile.js";

/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../scene/viewport.js").Frame} Frame */

/** At most so many pictures along the longer side, and at least 0.84 of that; fewer where the map is small. */
const ACROSS = { coarse: 9, fine: 32, live: 14 };
const LEAST_SIDE = 15; // px of a picture

/** Pictures that come back together. */
const CHUNK = 12;

/** While the frame moves, pictures are asked for every so many ms. */
const PACE = 80;

export class Manifold {
  /**
   * @param {import("../../decode/service.js").DecodeService} service
   * @param {() => void} onChange  something new is to be seen
   */
  constructor(service, onChange) {
    Object.assign(this, { service, onChange });
    this.model = "";
    /** @type {[number, number, number]} */
    this.shape = [1, 1, 1];
    this.version = 0;
    this.isLive = false;
    /** From below to above; the last is the newest. @type {Tile[]} */
    this.tiles = [];
    /** @type {{frame: Frame, axes: Axes, pinned: Float32Array} | null} */
    this.wish = null;
    this.timer = 0;
  }

  /**
   * Take pictures from this model from now on, or from newer weights of the same.
   *
   * @param {string} model
   * @param {[number, number, number]} shape  of a picture, (C, H, W)
   * @param {boolean} isLive                  its weights change all the time: fewer pictures, none of them coarse
   */
  use(model, shape, isLive) {
    Object.assign(this, { model, shape, isLive });
    this.version += 1;
    this.scratch = new ImageData(shape[2], shape[1]);
    this.pictureCanvas = Object.assign(document.createElement("canvas"), {
      width: shape[2],
      height: shape[1],
    });
    this.pictureContext = this.pictureCanvas.getContext("2d", { willReadFrequently: true });
  }

  /** Forget the pictures: they lie on other axes, or are not wanted. */
  clear() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.#keep([]);
    this.wish = null;
    this.service.cancel("manifold");
  }

  /**
   * See to it that this frame has its pictures soon.
   *
   * @param {Frame} frame
   * @param {Axes} axes
   * @param {Float32Array} pinned
   */
  want(frame, axes, pinned) {
    if (!this.model || !pinned.length) return;
    this.wish = { frame: Object.assign(Object.create(Object.getPrototypeOf(frame)), frame), axes, pinned };
    this.timer ||= setTimeout(() => this.#ask(), this.tiles.length ? PACE : 0);
  }

  /** @param {import("../scene/pen.js").CanvasPen | import("../scene/pen.js").SvgPen} pen @param {Frame} frame */
  draw(pen, frame) {
    for (const tile of this.tiles) {
      const [left, right, low, top] = tile.edges;
      const [x, y] = frame.toPixels(left, top);
      const [end, bottom] = frame.toPixels(right, low);
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
    const { axes, pinned } = this.wish;
    // Other latents stand behind the same place when the other dimensions have moved.
    const isWhole = !axes.isExact || pinned.length <= (axes.name === "0" ? 1 : 2);
    const of = `${this.version} ${axes.name} ${isWhole ? "" : pinned.join()}`;
    const isCovered = this.tiles.some((tile) => tile.of === of && tile.isDone.some(Boolean));
    if (this.isLive) this.#draw(ACROSS.live, of, () => {});
    else if (isCovered) this.#draw(ACROSS.fine, of, () => {});
    else {
      this.#draw(ACROSS.coarse, of, () => {
        if (this.wish && !this.timer) this.#ask();
      });
    }
  }

  /** Ask for the cells of a lattice that have no picture yet. */
  #draw(across, of, then) {
    const { frame, axes, pinned } = this.wish;
    const isLine = axes.name === "0";
    const room = Math.max(4, Math.max(frame.width, frame.height) / LEAST_SIDE);
    const lattice = latticeFor(frame, this.shape, Math.min(isLine ? across / 2 : across, room), isLine);
    const [, height, width] = this.shape;
    const scale = (Math.min(2, globalThis.devicePixelRatio || 1) * frame.width) / (frame.x1 - frame.x0);
    const cellWidth = Math.max(2, Math.min(width, Math.round(lattice.stepX * scale)));
    const cellHeight = Math.max(2, Math.min(height, Math.round(lattice.stepY * scale)));
    const tile = new Tile(lattice, cellWidth, cellHeight, of);
    if (tile.equals(this.tiles.at(-1))) return; // it is there, or on its way
    tile.open();
    for (const earlier of this.tiles) if (tile.fits(earlier)) tile.take(earlier);
    this.#keep([...this.tiles.filter((earlier) => !tile.fits(earlier)).slice(-2), tile]);
    const cells = [];
    const codes = [];
    for (const cell of tile.missing()) {
      const { z, distance } = axes.land(...tile.centre(cell), pinned);
      if (distance !== null && distance > axes.reach) {
        tile.isDone[cell] = 1;
        continue;
      }
      cells.push(cell);
      codes.push(z);
    }
    const finish = () => {
      if (this.tiles.includes(tile)) this.#keep(this.tiles.slice(this.tiles.indexOf(tile)));
      this.onChange();
      then();
    };
    if (!cells.length) {
      this.service.cancel("manifold");
      finish();
      return;
    }
    const flat = new Float32Array(cells.length * pinned.length);
    codes.forEach((z, n) => flat.set(z, n * pinned.length));
    this.service.request(
      "manifold",
      this.model,
      flat,
      CHUNK,
      ({ start, rgba, isLast }) => {
        this.#fill(tile, cells, start, rgba);
        if (isLast) finish();
        else this.onChange();
      },
      { isPatient: true },
    );
    this.onChange();
  }

  /** @param {Tile} tile @param {number[]} cells @param {number} start @param {Uint8ClampedArray} rgba */
  #fill(tile, cells, start, rgba) {
    const size = this.scratch.data.length;
    const { cellWidth, cellHeight, context, lattice } = tile;
    context.imageSmoothingQuality = "medium";
    for (let n = 0; n * size < rgba.length; n++) {
      const cell = cells[start + n];
      const x = (cell % lattice.columns) * cellWidth;
      const y = Math.floor(cell / lattice.columns) * cellHeight;
      this.scratch.data.set(rgba.subarray(n * size, (n + 1) * size));
      this.pictureContext.putImageData(this.scratch, 0, 0);
      context.drawImage(this.pictureCanvas, x, y, cellWidth, cellHeight);
      tile.isDone[cell] = 1;
    }
  }
}

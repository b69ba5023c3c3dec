/**
 * The tiles of the decoded manifold: a lattice of cells in the axes' own units, and a canvas with the pictures that are
 * there already.
 */

import { drawingContext } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";
import { LINE_ROW } from "./line-density.js";

/** @typedef {import("../scene/viewport.js").Viewport} Viewport */

/**
 * @typedef {object} Lattice   cell (i, j) has its centre at (i * stepX, j * stepY + footY), in axis units
 * @property {number} stepX
 * @property {number} stepY
 * @property {number} footY
 * @property {number} column   of the first cell, i
 * @property {number} row      of the lowest cell, j
 * @property {number} columns
 * @property {number} rows
 */

/**
 * Choose the lattice whose cells cover the viewport; a cell is as wide and high as a picture is.
 *
 * @param {Viewport} viewport
 * @param {[number, number, number]} shape  of a picture, (C, H, W)
 * @param {number} across                   most cells along the longer side
 * @param {boolean} isLine                  one row of cells, where only the first axis counts
 * @returns {Lattice}
 */
export function latticeFor({ x0, x1, y0, y1 }, [, height, width], across, isLine) {
  const extent = Math.max(x1 - x0, y1 - y0);
  // Steps of a fixed ladder, so that a small zoom keeps the lattice.
  const step = 2 ** (Math.ceil(4 * Math.log2(extent / across)) / 4);
  const longer = Math.max(height, width);
  const [stepX, stepY] = [(step * width) / longer, (step * height) / longer];
  const column = Math.round(x0 / stepX);
  const columns = Math.round(x1 / stepX) - column + 1;
  if (isLine) return { stepX, stepY, footY: LINE_ROW - stepY / 2, column, row: 0, columns, rows: 1 };
  const row = Math.round(y0 / stepY);
  return { stepX, stepY, footY: 0, column, row, columns, rows: Math.round(y1 / stepY) - row + 1 };
}

/**
 * @param {import("../scene/axes.js").Cells} cells
 * @returns {Lattice} of these very cells
 */
export function latticeOfCells({ corners: [left, low, right, top], high }) {
  return { stepX: 1, stepY: 1, footY: 0, column: 0, row: 0, columns: right - left, rows: (top - low) / high };
}

/**
 * @typedef {object} TilePlan
 * @property {Lattice} lattice
 * @property {number} cellWidth   of a picture in the canvas, px
 * @property {number} cellHeight
 * @property {string} of          what pictures depend on beside their places: model, weights, axes, pinned latent
 */

/** The cells of one lattice and the pictures that are there already. */
export class Tile {
  /** @param {TilePlan} plan */
  constructor(plan) {
    this.plan = plan;
    this.lattice = plan.lattice;
    const { columns, rows } = plan.lattice;
    this.canvas = element("canvas", { width: columns * plan.cellWidth, height: rows * plan.cellHeight });
    this.context = drawingContext(this.canvas, { willReadFrequently: true });
    /** Which cells have their picture, 0 or 1, (rows * columns,) from the upper left. */
    this.isDone = new Uint8Array(columns * rows);
  }

  /** Give the memory back. */
  close() {
    this.canvas.width = this.canvas.height = 0;
  }

  /** Whether it is the piece of the lattice that this plan asks for. @param {TilePlan} plan */
  isOf(plan) {
    return this.isPiece(plan.lattice) && this.fits(plan);
  }

  /** Whether its cells are the very same. @param {Lattice} wanted */
  isPiece(wanted) {
    const keys = /** @type {const} */ (["column", "row", "columns", "rows", "stepX"]);
    return keys.every((key) => this.lattice[key] === wanted[key]);
  }

  /** Whether its pictures can stand in a lattice as they are. @param {TilePlan} plan */
  fits(plan) {
    const keys = /** @type {const} */ (["of", "cellWidth", "cellHeight"]);
    return keys.every((key) => this.plan[key] === plan[key]) && this.lattice.stepX === plan.lattice.stepX;
  }

  /** Take over the pictures of a tile that fits. @param {Tile} other */
  take(other) {
    const [mine, theirs] = [this.lattice, other.lattice];
    const right = theirs.column - mine.column;
    const down = mine.row + mine.rows - (theirs.row + theirs.rows);
    this.context.drawImage(other.canvas, right * this.plan.cellWidth, down * this.plan.cellHeight);
    for (let r = 0; r < theirs.rows; r++) {
      for (let c = 0; c < theirs.columns; c++) {
        const [column, row] = [c + right, r + down];
        if (column < 0 || row < 0 || column >= mine.columns || row >= mine.rows) continue;
        this.isDone[row * mine.columns + column] ||= other.isDone[r * theirs.columns + c];
      }
    }
  }

  /** @param {number} cell  row by row from the upper left @returns {[number, number]} its centre in axis units */
  centre(cell) {
    const { stepX, stepY, footY, column, row, columns, rows } = this.lattice;
    return [
      (column + (cell % columns)) * stepX,
      (row + rows - 1 - Math.floor(cell / columns)) * stepY + footY,
    ];
  }

  /** @returns {[number, number, number, number]} left, right, lower and upper edge in axis units */
  get edges() {
    const { stepX, stepY, footY, column, row, columns, rows } = this.lattice;
    const [left, low] = [(column - 0.5) * stepX, (row - 0.5) * stepY + footY];
    return [left, left + columns * stepX, low, low + rows * stepY];
  }

  /** @returns {number[]} cells without a picture, from the middle outwards */
  missing() {
    const { columns, rows } = this.lattice;
    /** @type {(cell: number) => number} */
    const fromMiddle = (cell) =>
      Math.hypot((cell % columns) - (columns - 1) / 2, Math.floor(cell / columns) - (rows - 1) / 2);
    const cells = [...this.isDone.keys()].filter((cell) => !this.isDone[cell]);
    return cells.sort((a, b) => fromMiddle(a) - fromMiddle(b));
  }
}

/**
 * The memory in which feature maps lie: channels-last, image after image, with room around each for what a padding
 * adds. Plain numbers are an image of one pixel.
 */

/** @typedef {{above: number, left: number, below: number, right: number}} Sides  in pixels */

/** The place of one feature map of each image. Addresses are known once all areas are laid out. */
export class Area {
  /** @param {number} channels @param {number} rows @param {number} columns */
  constructor(channels, rows, columns) {
    this.channels = channels;
    this.rows = rows;
    this.columns = columns;
    /** @type {Sides} */
    this.around = { above: 0, left: 0, below: 0, right: 0 };
    /** The number that stands around each image. */
    this.fill = 0;
    /** How many residual layers will still add it to something, so that it must not change. */
    this.held = 0;
    /** The first and the last step that touch it. */
    this.first = Infinity;
    this.last = -1;
    /** Its address, in numbers. */
    this.start = 0;
  }

  /** Make room around each image. @param {Sides} sides @param {number} fill */
  widen(sides, fill) {
    const { around } = this;
    around.above = Math.max(around.above, sides.above);
    around.left = Math.max(around.left, sides.left);
    around.below = Math.max(around.below, sides.below);
    around.right = Math.max(around.right, sides.right);
    this.fill = fill;
  }

  get isWide() {
    const { above, left, below, right } = this.around;
    return above + left + below + right > 0;
  }

  /** Numbers from row to row. */
  get row() {
    return (this.around.left + this.columns + this.around.right) * this.channels;
  }

  /** Numbers from image to image. */
  get image() {
    return (this.around.above + this.rows + this.around.below) * this.row;
  }

  /** @param {number} images @returns {number} numbers that so many take */
  room(images) {
    return Math.ceil((images * this.image) / 4) * 4;
  }

  /** @param {number} row @param {number} column @returns {number} the pixel's address in bytes; it may lie around */
  at(row, column) {
    const { above, left } = this.around;
    return 4 * (this.start + (above + row) * this.row + (left + column) * this.channels);
  }
}

/**
 * Give each area its address. Areas that are not needed at the same time share memory; those with room around them
 * keep theirs, because what lies around is written only once.
 *
 * @param {Area[]} areas
 * @param {number} start   the first address, in numbers
 * @param {number} images  that are run together
 * @returns {number} the end, in numbers
 */
export function layOut(areas, start, images) {
  let end = start;
  for (const area of areas) {
    if (!area.isWide) continue;
    area.start = end;
    end += area.room(images);
  }
  const shared = end;
  /** @type {Area[]} */
  const placed = [];
  for (const area of areas) {
    if (area.isWide) continue;
    area.start = shared;
    const others = placed.filter((other) => other.first <= area.last && other.last >= area.first);
    for (const other of others.sort((a, b) => a.start - b.start)) {
      if (area.start + area.room(images) <= other.start) break;
      area.start = Math.max(area.start, other.start + other.room(images));
    }
    placed.push(area);
    end = Math.max(end, area.start + area.room(images));
  }
  return end;
}

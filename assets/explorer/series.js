/** Measurements of a run over its epochs, thinned so that a long run stays drawable. */

/**
 * @typedef {object} Reading
 * @property {number} epoch
 * @property {number | null} train
 * @property {number | null} test
 */

const MOST = 1200;

/** One curve's readings, in order. */
export class Series {
  constructor() {
    /** @type {Array<[number, number]>} epoch and value */
    this.points = [];
  }

  /** @param {number} epoch @param {number | null | undefined} value */
  add(epoch, value) {
    if (!Number.isFinite(epoch) || value === null || value === undefined || !Number.isFinite(value)) return;
    const last = this.points.at(-1);
    if (last && epoch < last[0]) return;
    if (last && epoch === last[0]) this.points.pop();
    this.points.push([epoch, value]);
    if (this.points.length > MOST) this.points = this.points.filter((_, n) => n % 2 === 0 || n > MOST - 100);
  }

  /** @returns {number | undefined} */
  get latest() {
    return this.points.at(-1)?.[1];
  }

  clear() {
    this.points = [];
  }
}

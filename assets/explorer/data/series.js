/** Measurements of a run over its epochs, thinned so that a long run stays drawable. */

/** Readings that a curve keeps; beyond these every other one goes. */
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

  /** Forget what came later. @param {number} epoch */
  cut(epoch) {
    this.points = this.points.filter(([when]) => when <= epoch);
  }

  /** @returns {number | undefined} */
  get latest() {
    return this.points.at(-1)?.[1];
  }

  /** @param {number} epoch @returns {number | undefined} the last reading up to then, or the first of all */
  at(epoch) {
    const found = this.points.findLast(([when]) => when <= epoch + 1e-9) ?? this.points[0];
    return found?.[1];
  }
}

/** @typedef {import("./messages.js").Term} Term */
/** @typedef {{train: Series, test: Series}} Curve  of training images, and of held-out ones */

/** @returns {Curve} */
const emptyCurve = () => ({ train: new Series(), test: new Series() });

/** The curves of one run, one for each of its family's terms. */
export class Readings {
  /** @param {Term[]} terms */
  constructor(terms) {
    this.terms = terms;
    /** By the terms' names. @type {Record<string, Curve>} */
    this.curves = Object.fromEntries(terms.map(({ name }) => [name, emptyCurve()]));
  }

  /** @param {import("./messages.js").Measured} facts */
  add(facts) {
    for (const term of this.terms) {
      const { train, test } = this.curves[term.name];
      train.add(facts.epoch, valueOf(term, facts));
      // Between two measurements the last one's values are told again: no reading of their own.
      const heldOut = valueOf(term, facts, "test_");
      if (heldOut !== test.latest) test.add(facts.epoch, heldOut);
    }
  }

  /** Forget what came later. @param {number} epoch */
  cut(epoch) {
    for (const { train, test } of Object.values(this.curves)) {
      [train, test].forEach((each) => each.cut(epoch));
    }
  }

  /** @returns {number} the epoch of the last reading, 0 without one */
  get lastEpoch() {
    const series = Object.values(this.curves).flatMap(({ train, test }) => [train, test]);
    return Math.max(0, ...series.map(({ points }) => points.at(-1)?.[0] ?? 0));
  }
}

/**
 * `Family.value` in config/families.py.
 *
 * @param {Term} term
 * @param {import("./messages.js").Measured} facts
 * @param {"" | "test_"} [prefix]  "test_": of held-out images
 * @returns {number} put together from its parts, if it has any; NaN where one was not measured
 */
function valueOf(term, facts, prefix = "") {
  const parts = Object.entries(term.parts);
  return (parts.length ? parts : [[term.name, 1]]).reduce(
    (sum, [name, factor]) => sum + Number(factor) * (facts[`${prefix}${name}`] ?? NaN),
    0,
  );
}

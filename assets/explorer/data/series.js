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

/** @typedef {{train: Series, test: Series}} Curve  of training images, and of held-out ones */

/** @returns {Curve} */
const emptyCurve = () => ({ train: new Series(), test: new Series() });

/** The curves of one run: ELBO, reconstruction and KL apart, each for training and for held-out images. */
export class Readings {
  constructor() {
    this.curves = { elbo: emptyCurve(), log_likelihood: emptyCurve(), kl: emptyCurve() };
  }

  /** @param {import("./messages.js").Measured} facts */
  add(facts) {
    const { elbo, log_likelihood: reconstruction, kl } = this.curves;
    const { epoch } = facts;
    reconstruction.train.add(epoch, facts.log_likelihood);
    reconstruction.test.add(epoch, facts.test_log_likelihood);
    kl.train.add(epoch, facts.kl);
    kl.test.add(epoch, facts.test_kl);
    elbo.train.add(epoch, difference(facts.log_likelihood, facts.kl));
    elbo.test.add(epoch, difference(facts.test_log_likelihood, facts.test_kl));
  }

  /** Forget what came later. @param {number} epoch */
  cut(epoch) {
    for (const { train, test } of Object.values(this.curves)) {
      [train, test].forEach((each) => each.cut(epoch));
    }
  }

  /** @returns {number} the epoch of the last reading, 0 without one */
  get lastEpoch() {
    const { train, test } = this.curves.log_likelihood;
    return Math.max(0, train.points.at(-1)?.[0] ?? 0, test.points.at(-1)?.[0] ?? 0);
  }
}

/** @param {number | null | undefined} a @param {number | null | undefined} b @returns {number | null} */
function difference(a, b) {
  const gap = (a ?? NaN) - (b ?? NaN);
  return Number.isFinite(gap) ? gap : null;
}

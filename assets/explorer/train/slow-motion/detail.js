/** One update taken apart, as the numbers of each of its images. What a family has not is null. */

/**
 * @typedef {object} Rows                    one row for each image, (B, D)
 * @property {Float32Array} mean
 * @property {Float32Array} z                the codes that were decoded
 * @property {Float32Array} gradZ            of the loss, by the code
 * @property {Float32Array} gradMean
 * @property {Float32Array | null} deviation
 * @property {Float32Array | null} noise     a standard normal draw
 * @property {Float32Array | null} kl        to the prior, in nats
 * @property {Float32Array | null} gradLogvar
 */

/** @typedef {"mean" | "z" | "gradZ" | "gradMean"} CodeRow  those that codes of every family have */

export class Detail {
  /** @param {import("../../data/messages.js").DetailMessage} message */
  constructor({ facts, file }) {
    const { count, shape } = file.pictures("x");
    const optional = (/** @type {string} */ name) => (file.has(name) ? file.floats(name) : null);
    this.step = facts.step;
    this.epoch = facts.epoch;
    this.beta = facts.beta;
    this.learningRate = facts.learning_rate;
    this.freeBits = facts.free_bits ?? 0;
    this.batch = facts.batch;
    /** How far each tensor of weights moved. @type {Record<string, number>} */
    this.weightChange = facts.weight_change ?? {};
    /** @type {Array<number | string | null>} */
    this.labels = facts.label ?? [];
    this.count = count;
    this.shape = shape;
    this.dims = file.shape("mean")[1];
    this.x = file.floats("x");
    this.reconstruction = file.floats("reconstruction");
    this.logLikelihood = file.floats("log_likelihood");
    /** @type {Rows} */
    this.rows = {
      mean: file.floats("mean"),
      z: file.floats("z"),
      gradZ: file.floats("grad_z"),
      gradMean: file.floats("grad_mean"),
      deviation: optional("logvar")?.map((value) => Math.exp(value / 2)) ?? null,
      noise: optional("noise"),
      kl: optional("kl_per_dim"),
      gradLogvar: optional("grad_logvar"),
    };
  }

  /** Whether codes are drawn from a posterior. */
  get isGaussian() {
    return this.rows.deviation !== null;
  }

  /**
   * @overload
   * @param {CodeRow} name
   * @param {number} n  which image
   * @returns {Float32Array} (D,)
   */
  /**
   * @overload
   * @param {keyof Rows} name
   * @param {number} n  which image
   * @returns {Float32Array | null} (D,)
   */
  /**
   * @param {keyof Rows} name
   * @param {number} n  which image
   * @returns {Float32Array | null} (D,)
   */
  row(name, n) {
    return this.rows[name]?.subarray(n * this.dims, (n + 1) * this.dims) ?? null;
  }

  /** @param {"x" | "reconstruction"} name @param {number} n @returns {Float32Array} pixels in [0, 1], (C, H, W) */
  picture(name, n) {
    const size = this[name].length / this.count;
    return this[name].subarray(n * size, (n + 1) * size);
  }

  /**
   * @param {number} n
   * @returns {{reconstruction: number, kl: number | null, total: number}} nats: -log p(x|z), KL, and the loss of both
   */
  loss(n) {
    const reconstruction = -this.logLikelihood[n];
    const kl = this.row("kl", n)?.reduce((sum, value) => sum + value, 0) ?? null;
    return { reconstruction, kl, total: reconstruction + (kl === null ? 0 : this.beta * kl) };
  }

  /**
   * Which way the loss falls when the deviation changes, by the chain rule from the log variance.
   *
   * @param {number} n
   * @returns {Float32Array | null} the gradient of the loss by the deviation, (D,)
   */
  gradDeviation(n) {
    const deviation = this.row("deviation", n);
    return (deviation && this.row("gradLogvar", n)?.map((value, d) => (2 * value) / deviation[d])) ?? null;
  }

  /** @param {number} n @returns {number} the greatest length of a gradient by code, mean or a deviation */
  steepest(n) {
    const lengths = [this.row("gradZ", n), this.row("gradMean", n)].map((each) => Math.hypot(...each));
    return Math.max(...lengths, ...Array.from(this.gradDeviation(n) ?? [], Math.abs));
  }
}

/** One update taken apart, as the numbers of each of its images. What a family has not is null. */

export class Detail {
  /** @param {import("../../data/messages.js").DetailMessage} message  as `StepDetail` in `vae_core/explain.py` has it */
  constructor({ facts, file }) {
    const [count, ...shape] = file.shape("x");
    const read = (name) => (file.has(name) ? file.floats(name) : null);
    this.step = facts.step;
    this.epoch = facts.epoch;
    this.beta = facts.beta;
    this.learningRate = facts.learning_rate;
    this.freeBits = facts.free_bits ?? 0;
    this.batch = facts.batch;
    /** @type {Record<string, number>} how far each tensor of weights moved */
    this.weightChange = facts.weight_change ?? {};
    /** @type {Array<number | string | null>} */
    this.labels = facts.label ?? [];
    this.count = count;
    this.shape = /** @type {[number, number, number]} */ (shape);
    this.dims = file.shape("mean")[1];
    this.x = read("x");
    this.reconstruction = read("reconstruction");
    this.logLikelihood = read("log_likelihood");
    this.rows = {
      mean: read("mean"),
      deviation: read("logvar")?.map((value) => Math.exp(value / 2)) ?? null,
      noise: read("noise"),
      z: read("z"),
      kl: read("kl_per_dim"),
      gradZ: read("grad_z"),
      gradMean: read("grad_mean"),
      gradLogvar: read("grad_logvar"),
    };
  }

  /** Whether codes are drawn from a posterior. */
  get isGaussian() {
    return this.rows.deviation !== null;
  }

  /**
   * @param {keyof Detail["rows"]} name
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
    return this.row("gradLogvar", n)?.map((value, d) => (2 * value) / deviation[d]) ?? null;
  }

  /** @param {number} n @returns {number} the greatest length of a gradient by code, mean or a deviation */
  steepest(n) {
    const lengths = [this.row("gradZ", n), this.row("gradMean", n)].map((each) => Math.hypot(...each));
    return Math.max(...lengths, ...Array.from(this.gradDeviation(n) ?? [], Math.abs));
  }
}

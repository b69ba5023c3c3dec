/**
 * A run as the browser knows it: a latent space whose points move, its curves, its newest weights.
 *
 * Messages come from `stream.js`; what they hold stands in the header of each `apply...`.
 */

import { decoderOf } from "./safetensors.js";
import { Readings } from "./series.js";

/** @typedef {import("../latent/space.js").Space} Space */
/** @typedef {import("./stream.js").Message} Message */

/**
 * @typedef {object} Mark  where a setting was changed
 * @property {number} step
 * @property {number} epoch
 * @property {string} text
 */

/** @typedef {{step: number, epoch: number}} Moment  a keyframe that the run keeps */

/**
 * What a run does, why it failed, and its place in the line with the wait in seconds, if it is in it.
 * @param {Record<string, any>} facts  of a message of kind "state"
 */
export function standing({ state, error = "", place = 0, wait_seconds: wait = null }) {
  return { state, error, place, wait };
}

export class Run {
  /**
   * @param {Message} hello  run, state, model, train, title, label_names, factor_names, history, marks, keyframes,
   *     parent; the probe
   */
  constructor({ facts, file }) {
    const [count, ...shape] = file.shape("probe.images");
    const dims = facts.model.latent_dim;
    this.id = String(facts.run);
    this.facts = facts;
    /** @type {Space} */
    this.space = {
      config: facts.model,
      isGaussian: facts.model.family !== "autoencoder",
      dims,
      count,
      shape: /** @type {[number, number, number]} */ (shape),
      images: /** @type {Uint8Array} */ (file.data("probe.images")),
      labels: file.has("probe.labels") ? Int32Array.from(file.data("probe.labels")) : null,
      labelNames: (facts.label_names ?? []).map(String),
      factors: file.has("probe.factors") ? file.floats("probe.factors") : null,
      factorNames: (facts.factor_names ?? []).map(String),
      mean: new Float32Array(count * dims).fill(NaN),
      logvar: null,
      pca: null,
      umap: null,
    };
    /** @type {import("../decode/decoder.js").Weights | null} */
    this.weights = null;
    this.weightsStep = -1;
    this.hasCodes = false;
    this.readings = new Readings();
    /** The run that this one branched from, if it did. @type {{title: string, readings: Readings} | null} */
    this.parent = facts.parent ? { title: String(facts.parent.title), readings: new Readings() } : null;
    for (const entry of facts.parent?.history ?? []) this.parent.readings.add(entry);
    this.applyTimeline({ facts });
    this.now = {
      state: facts.state,
      step: facts.step ?? 0,
      epoch: facts.epoch ?? 0,
      total: facts.total_steps ?? 0,
      eta: null,
      rate: null,
      error: "",
      place: 0,
      wait: null,
    };
    this.#addHistory(facts.history ?? []);
  }

  get isLive() {
    return this.now.state === "running";
  }

  /**
   * Only the connection is new: what was known of the model before it was lost still is.
   *
   * @param {Run} before  the same run
   */
  goOnFrom({ space, hasCodes, weights, weightsStep }) {
    const { mean, logvar, pca } = space;
    Object.assign(this.space, { mean, logvar, pca });
    Object.assign(this, { hasCodes, weights, weightsStep });
  }

  /**
   * step, epoch, log_likelihood, kl, kl_per_dim, images_per_second, eta_seconds; the codes of a part of the probe.
   *
   * @param {Message} message
   * @returns {Int32Array | null} the images whose codes are new
   */
  applyFrame({ facts, file }) {
    this.#applyFacts(facts);
    if (!file.has("index")) return null;
    const index = Int32Array.from(file.data("index"));
    const mean = file.floats("mean");
    const { dims } = this.space;
    index.forEach((n, k) => this.space.mean.set(mean.subarray(k * dims, (k + 1) * dims), n * dims));
    return index;
  }

  /**
   * As a frame, and test_log_likelihood, test_kl, history_tail; all codes, the turned PCA, pictures.
   *
   * @param {Message} message
   */
  applySnapshot({ facts, file }) {
    this.#applyFacts(facts);
    this.#addHistory(facts.history_tail ?? []);
    if (file.has("mean")) {
      this.space.mean = file.floats("mean");
      this.space.logvar = file.has("logvar") ? file.floats("logvar") : null;
      this.hasCodes = true;
    }
    if (file.has("pca.components")) {
      this.space.pca = { mean: file.floats("pca.mean"), components: file.floats("pca.components") };
    }
  }

  /** @param {Message} message  step; decoder.* */
  applyWeights({ facts, file }) {
    this.weights = decoderOf(file);
    this.weightsStep = facts.step ?? -1;
  }

  /** @param {{facts: Record<string, any>}} message  marks: step, epoch, text; keyframes: step, epoch */
  applyTimeline({ facts }) {
    /** @type {Mark[]} */
    this.marks = facts.marks ?? [];
    /** @type {Moment[]} */
    this.moments = [...(facts.keyframes ?? [])].sort((a, b) => a.step - b.step);
  }

  /** @returns {number} */
  get stepsPerEpoch() {
    return Math.max(1, this.now.total / Math.max(1, this.facts.train?.epochs ?? 1));
  }

  /** @param {Message} message  state, error, place, wait_seconds, step, epoch, eta_seconds */
  applyState({ facts }) {
    Object.assign(this.now, standing(facts));
    const { step, epoch } = facts;
    if (step > this.now.step) Object.assign(this.now, { step, epoch }); // one that went back is told by its snapshot
    this.now.eta = facts.eta_seconds ?? null;
  }

  /** @param {Record<string, any>} facts */
  #applyFacts(facts) {
    const { epoch, step } = facts;
    if (step < this.now.step) this.readings.cut(epoch); // it went back to a keyframe and goes on from there
    Object.assign(this.now, {
      step,
      epoch,
      eta: facts.eta_seconds ?? null,
      rate: facts.images_per_second ?? null,
    });
    /** @type {number[] | null} */
    this.klPerDim = facts.kl_per_dim ?? null;
    this.readings.add(facts);
  }

  /** @param {Array<Record<string, any>>} entries */
  #addHistory(entries) {
    for (const entry of entries) this.readings.add(entry);
    const last = entries.at(-1);
    if (last && last.step > this.now.step) Object.assign(this.now, { step: last.step, epoch: last.epoch });
    if (last?.kl_per_dim && !this.klPerDim) this.klPerDim = last.kl_per_dim;
  }
}

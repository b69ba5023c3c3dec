/**
 * A run as the browser knows it: a latent space whose points move, its curves, its newest weights.
 *
 * Messages come from `stream.js`; what they hold stands in `messages.js`.
 */

import { modelConfig } from "../latent/space.js";
import { weightsOf } from "./safetensors.js";
import { Readings } from "./series.js";

/** @typedef {import("../latent/space.js").Space} Space */
/** @typedef {import("./messages.js").RunState} RunState */
/** @typedef {import("./messages.js").Mark} Mark */
/** @typedef {import("./messages.js").Moment} Moment */
/** @typedef {import("./messages.js").Measured} Measured */
/** @typedef {import("./messages.js").HistoryEntry} HistoryEntry */

/**
 * @typedef {object} Standing
 * @property {RunState} state
 * @property {string} error        why it failed; else ""
 * @property {number} place        in the queue, from 1; 0: it is not in it
 * @property {number | null} wait  expected in the queue, in seconds
 */

/**
 * @typedef {object} Progress
 * @property {number} step
 * @property {number} epoch
 * @property {number} total        steps in all; 0 until known
 * @property {number | null} eta   seconds until its end
 * @property {number | null} rate  images a second
 */

/** @param {import("./messages.js").StateFacts} facts @returns {Standing} */
export function standing({ state, error = "", place = 0, wait_seconds: wait = null }) {
  return { state, error, place, wait };
}

export class Run {
  /** @param {import("./messages.js").HelloMessage} hello */
  constructor({ facts, file }) {
    const { count: images, shape } = file.pictures("probe.images");
    const isPlaced = facts.family.has_encoder; // nobody places images where there is no encoder
    const count = isPlaced ? images : 0;
    const dims = facts.model.latent_dim;
    this.id = String(facts.run);
    this.facts = facts;
    /** @type {Space} */
    this.space = {
      config: modelConfig(facts.model, facts.layers, facts.family.latent_kind),
      isGaussian: ["gaussian", "prior"].includes(facts.family.latent_kind),
      dims,
      count,
      shape,
      images: file.bytes("probe.images"),
      labels: isPlaced && file.has("probe.labels") ? file.integers("probe.labels") : null,
      labelNames: (facts.label_names ?? []).map(String),
      factors: isPlaced && file.has("probe.factors") ? file.floats("probe.factors") : null,
      factorNames: (facts.factor_names ?? []).map(String),
      mean: new Float32Array(count * dims).fill(NaN),
      logvar: null,
      pca: null,
      umap: null,
    };
    /** Of the decoder, the newest that came. @type {import("./safetensors.js").Weights | null} */
    this.weights = null;
    this.weightsStep = -1;
    this.hasCodes = false;
    /** What each dimension carries now, in nats per image, (D,). @type {number[] | null} */
    this.klPerDim = null;
    this.readings = new Readings(facts.family.terms);
    /** The run that this one branched from, if it did. @type {{title: string, readings: Readings} | null} */
    this.parent = null;
    if (facts.parent) {
      const readings = new Readings(facts.family.terms);
      for (const entry of facts.parent.history ?? []) readings.add(entry);
      this.parent = { title: String(facts.parent.title), readings };
    }
    /** @type {Mark[]} */
    this.marks = [];
    /** In their order. @type {Moment[]} */
    this.moments = [];
    this.applyTimeline({ facts });
    /** @type {Standing & Progress} */
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
   * @param {import("./messages.js").FrameMessage} message
   * @returns {Int32Array | null} the images whose codes are new
   */
  applyFrame({ facts, file }) {
    this.#applyFacts(facts);
    if (!file.has("index")) return null;
    const index = file.integers("index");
    const mean = file.floats("mean");
    const { dims } = this.space;
    index.forEach((n, k) => this.space.mean.set(mean.subarray(k * dims, (k + 1) * dims), n * dims));
    return index;
  }

  /** @param {import("./messages.js").SnapshotMessage} message */
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

  /** @param {import("./messages.js").WeightsMessage} message */
  applyWeights({ facts, file }) {
    this.weights = weightsOf(file, "decoder");
    this.weightsStep = facts.step ?? -1;
  }

  /** @param {{facts: import("./messages.js").TimelineFacts}} message */
  applyTimeline({ facts }) {
    this.marks = facts.marks ?? [];
    this.moments = [...(facts.keyframes ?? [])].sort((a, b) => a.step - b.step);
  }

  /** @returns {number} */
  get stepsPerEpoch() {
    return Math.max(1, this.now.total / Math.max(1, this.facts.train?.epochs ?? 1));
  }

  /** @param {import("./messages.js").StateMessage} message */
  applyState({ facts }) {
    Object.assign(this.now, standing(facts));
    const { step, epoch } = facts;
    if (step > this.now.step) Object.assign(this.now, { step, epoch }); // one that went back is told by its snapshot
    this.now.eta = facts.eta_seconds ?? null;
  }

  /** @param {import("./messages.js").FrameFacts} facts */
  #applyFacts(facts) {
    const { epoch, step } = facts;
    if (step < this.now.step) this.readings.cut(epoch); // it went back to a keyframe and goes on from there
    Object.assign(this.now, {
      step,
      epoch,
      eta: facts.eta_seconds ?? null,
      rate: facts.images_per_second ?? null,
    });
    this.klPerDim = facts.kl_per_dim ?? null;
    this.readings.add(facts);
  }

  /** @param {HistoryEntry[]} entries */
  #addHistory(entries) {
    for (const entry of entries) this.readings.add(entry);
    const last = entries.at(-1);
    if (last && last.step > this.now.step) Object.assign(this.now, { step: last.step, epoch: last.epoch });
    if (last?.kl_per_dim && !this.klPerDim) this.klPerDim = last.kl_per_dim;
  }
}

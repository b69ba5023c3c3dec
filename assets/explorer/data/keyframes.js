/**
 * The moments that a run keeps: fetched when wanted or soon wanted, kept within a bound.
 *
 * A keyframe is one message of kind `snapshot`, as in the stream, with the decoder's weights beside it.
 */

import { factsOf } from "./messages.js";
import { FormatError, Safetensors, weightsOf } from "./safetensors.js";

/**
 * @typedef {object} Keyframe
 * @property {number} step
 * @property {number} epoch
 * @property {import("./messages.js").SnapshotFacts} facts
 * @property {Safetensors} file              pictures, as a snapshot's
 * @property {Float32Array} mean             (N, D); no numbers where no image has a place
 * @property {Float32Array | null} logvar    (N, D)
 * @property {import("../latent/projection.js").Pca | null} pca
 * @property {import("./safetensors.js").Weights} weights  of the decoder
 */

/** So many bytes of files are kept; those shown longest ago go first. */
const MOST_BYTES = 64e6;

export class KeyframeError extends Error {}

export class Keyframes {
  /**
   * @param {string} folder  URL
   * @param {number} [mostBytes]
   */
  constructor(folder, mostBytes = MOST_BYTES) {
    this.folder = folder;
    this.mostBytes = mostBytes;
    /** Files by step, the one used longest ago first. @type {Map<number, Safetensors>} */
    this.files = new Map();
    /** @type {Map<number, Promise<Safetensors>>} */
    this.coming = new Map();
    this.bytes = 0;
    /** @type {number[]} */
    this.soon = [];
    this.isFetching = false;
    this.ending = new AbortController();
  }

  /** @param {number} step @returns {boolean} whether it can be shown at once */
  has(step) {
    return this.files.has(step);
  }

  /**
   * Read one that is here.
   *
   * @param {number} step
   * @returns {Keyframe | null} null: it is not here
   */
  read(step) {
    const file = this.files.get(step);
    if (!file) return null;
    this.files.delete(step);
    this.files.set(step, file);
    return parse(file);
  }

  /**
   * @param {number} step
   * @returns {Promise<Keyframe>}
   * @throws {KeyframeError}
   */
  async get(step) {
    return this.read(step) ?? parse(await this.#fetch(step));
  }

  /** Fetch these one after the other, as long as they fit, in place of those named before. @param {number[]} steps */
  prefetch(steps) {
    this.soon = steps.filter((step) => !this.files.has(step));
    if (!this.isFetching) this.#fetchSoon();
  }

  /** Forget all but these: a run that went back may come to the same step another way. @param {number[]} steps */
  keepOnly(steps) {
    for (const [step, { buffer }] of this.files) {
      if (steps.includes(step)) continue;
      this.files.delete(step);
      this.bytes -= buffer.byteLength;
    }
    for (const step of this.coming.keys()) if (!steps.includes(step)) this.coming.delete(step);
  }

  close() {
    this.ending.abort();
    this.soon = [];
    this.files.clear();
  }

  async #fetchSoon() {
    this.isFetching = true;
    while (this.bytes < this.mostBytes) {
      const step = this.soon.shift();
      if (step === undefined) break;
      if (this.files.has(step)) continue;
      try {
        await this.#fetch(step);
      } catch (error) {
        if (!(error instanceof KeyframeError)) throw error;
        // Thinned out meanwhile, or no connection: whoever wants to see it is told then.
      }
    }
    this.isFetching = false;
  }

  /** @param {number} step @returns {Promise<Safetensors>} */
  #fetch(step) {
    const earlier = this.coming.get(step);
    if (earlier) return earlier;
    // One that was forgotten on its way is for whoever waits for it, and not kept.
    const isWanted = () => this.coming.get(step) === coming;
    const coming = this.#load(step)
      .then((file) => {
        if (isWanted()) this.#keep(step, file);
        return file;
      })
      .finally(() => isWanted() && this.coming.delete(step));
    this.coming.set(step, coming);
    return coming;
  }

  /** @param {number} step @returns {Promise<Safetensors>} */
  async #load(step) {
    try {
      const answer = await fetch(`${this.folder}/${step}.safetensors`, {
        signal: this.ending.signal,
        cache: "no-store", // kept here, and forgotten when the run forgets it
      });
      if (!answer.ok) throw new KeyframeError("This moment is not kept any more. Choose another one.");
      return new Safetensors(await answer.arrayBuffer());
    } catch (error) {
      if (error instanceof KeyframeError) throw error;
      if (error instanceof FormatError) {
        throw new KeyframeError(`This moment cannot be read. ${error.message}`);
      }
      throw new KeyframeError("This moment could not be fetched. Is the connection there?");
    }
  }

  /** @param {number} step @param {Safetensors} file */
  #keep(step, file) {
    if (this.ending.signal.aborted) return;
    this.files.set(step, file);
    this.bytes += file.buffer.byteLength;
    for (const [oldest, { buffer }] of this.files) {
      if (this.bytes <= this.mostBytes || oldest === step) break;
      this.files.delete(oldest);
      this.bytes -= buffer.byteLength;
    }
  }
}

/** @param {Safetensors} file @returns {Keyframe} */
function parse(file) {
  /** @type {Keyframe["facts"]} */
  const facts = factsOf(file);
  return {
    step: facts.step,
    epoch: facts.epoch,
    facts,
    file,
    mean: file.has("mean") ? file.floats("mean") : new Float32Array(0),
    logvar: file.has("logvar") ? file.floats("logvar") : null,
    pca: file.has("pca.components")
      ? { mean: file.floats("pca.mean"), components: file.floats("pca.components") }
      : null,
    weights: weightsOf(file, "decoder"),
  };
}

/**
 * In which order moments will be wanted: the neighbours first, then all, nearest first.
 *
 * @param {number[]} steps  all moments
 * @param {number} index    the one that is shown
 * @returns {number[]} the others
 */
export function byNearness(steps, index) {
  return steps
    .map((step, n) => ({ step, far: Math.abs(n - index) }))
    .filter(({ far }) => far > 0)
    .sort((a, b) => a.far - b.far)
    .map(({ step }) => step);
}

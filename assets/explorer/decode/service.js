/** The page's end of the decoding worker. One per component; it starts with the first request, or when told to. */

import { DecodeQueue } from "./queue.js";

/** @typedef {import("./queue.js").DecodeAnswer} DecodeAnswer */
/** @typedef {import("./queue.js").DecodeOrder} DecodeOrder */
/** @typedef {import("./queue.js").ModelConfig} ModelConfig */
/** @typedef {import("./queue.js").Weights} Weights */

/** How long a queue in the page decodes before the hand gets its turn, in ms. */
const IN_PAGE_SLICE = 6;

export class DecodeService {
  constructor() {
    /** @type {Map<string, {id: number, onPictures: (answer: DecodeAnswer) => void}>} */
    this.open = new Map();
    /** @type {Map<string, {config: ModelConfig, weights: Weights}>} */
    this.models = new Map();
    /** The class that is told, by model; none: the first. @type {Map<string, number>} */
    this.labels = new Map();
    this.lastId = 0;
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {DecodeQueue | null} */
    this.queue = null;
    /** @type {Set<import("./queue.js").DecodeRequest>} */
    this.unanswered = new Set();
  }

  /** Start the worker now, so that it is there when the first pictures are wanted. */
  warm() {
    this.#start();
  }

  /**
   * Make a model's weights known, or replace them.
   *
   * @param {string} model
   * @param {ModelConfig} config
   * @param {Weights} weights
   */
  load(model, config, weights) {
    this.models.set(model, { config, weights });
    this.#tell({ type: "load", model, config, weights });
  }

  /** @param {string} model */
  drop(model) {
    this.models.delete(model);
    this.labels.delete(model);
    this.#tell({ type: "drop", model });
  }

  /** Tell a model this class from now on, unless a request names another. @param {string} model @param {number} label */
  tellClass(model, label) {
    this.labels.set(model, label);
  }

  /**
   * Ask for pictures. Those of an earlier request on the same channel are not wanted any more.
   *
   * @param {string} channel
   * @param {string} model
   * @param {Float32Array} codes  (N, D)
   * @param {number} chunk        pictures that belong together: an answer has one or several such chunks
   * @param {(answer: DecodeAnswer) => void} onPictures
   * @param {{isPatient?: boolean, label?: number | Int32Array, isExact?: boolean}} [how]  a patient request gets its
   *   turn when no other waits; the label is the class told, of all or (N,), by default that of `tellClass`; an exact
   *   one gets the pixels too
   */
  request(channel, model, codes, chunk, onPictures, { isPatient = false, label, isExact = false } = {}) {
    this.#start();
    const request = {
      channel,
      id: ++this.lastId,
      model,
      codes,
      chunk,
      isPatient,
      isExact,
      label: label ?? this.labels.get(model) ?? 0,
    };
    this.open.set(channel, { id: request.id, onPictures });
    for (const earlier of this.unanswered) if (earlier.channel === channel) this.unanswered.delete(earlier);
    this.unanswered.add(request);
    this.#tell({ type: "decode", request });
  }

  /** The pictures of this channel are not wanted any more. @param {string} channel */
  cancel(channel) {
    if (!this.open.delete(channel)) return;
    for (const earlier of this.unanswered) if (earlier.channel === channel) this.unanswered.delete(earlier);
    this.#tell({ type: "cancel", channel });
  }

  close() {
    this.worker?.terminate();
    this.queue?.close();
    this.worker = null;
    this.queue = null;
    this.open.clear();
    this.models.clear();
    this.unanswered.clear();
  }

  #start() {
    if (this.worker || this.queue) return;
    try {
      this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
      this.worker.onmessage = ({ data }) => this.#receive(data);
      this.worker.onerror = () => this.#stayInPage();
    } catch {
      this.#stayInPage();
      return;
    }
    for (const [model, { config, weights }] of this.models) {
      this.#tell({ type: "load", model, config, weights });
    }
  }

  /** No worker to be had: the same work here, in small slices. */
  #stayInPage() {
    this.worker?.terminate();
    this.worker = null;
    this.queue = new DecodeQueue((answer) => this.#receive(answer), IN_PAGE_SLICE);
    for (const [model, { config, weights }] of this.models) this.queue.load(model, config, weights);
    for (const request of this.unanswered) this.queue.post(request);
  }

  /** @param {DecodeOrder} order */
  #tell(order) {
    if (this.worker) this.worker.postMessage(order);
    else this.queue?.obey(order);
  }

  /** @param {DecodeAnswer} answer */
  #receive(answer) {
    const asked = this.open.get(answer.channel);
    if (!asked || asked.id !== answer.id) return;
    if (answer.isLast) {
      for (const request of this.unanswered) if (request.id === answer.id) this.unanswered.delete(request);
    }
    asked.onPictures(answer);
  }
}

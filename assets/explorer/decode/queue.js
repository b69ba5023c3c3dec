/**
 * Decode many pictures without holding anyone up: a queue with one place per channel, in which the newest wins.
 *
 * It runs in the worker; where workers are not to be had it runs in the page, a few pictures at a time.
 */

import { writeRgba } from "../dom/pictures.js";
import { decoderWith } from "./decoder.js";

/**
 * @typedef {object} DecodeRequest
 * @property {string} channel     what the pictures are for; a new request replaces the one before
 * @property {number} id          grows with every request
 * @property {string} model       name under which the weights were loaded
 * @property {Float32Array} codes (N, D)
 * @property {number} chunk       pictures to send back together
 * @property {boolean} [isPatient]  its turn comes when nothing else waits
 */

/**
 * @typedef {object} DecodeAnswer
 * @property {string} channel
 * @property {number} id
 * @property {number} start                 index of the first picture
 * @property {Uint8ClampedArray<ArrayBuffer>} rgba  pictures one after the other
 * @property {boolean} isLast
 */

/** @typedef {import("../latent/space.js").ModelConfig} ModelConfig */
/** @typedef {import("./decoder.js").Weights} Weights */

/**
 * @typedef {{type: "load", model: string, config: ModelConfig, weights: Weights}
 *   | {type: "drop", model: string}
 *   | {type: "decode", request: DecodeRequest}
 *   | {type: "cancel", channel: string}} DecodeOrder  what the page tells a queue, wherever that runs
 */

export class DecodeQueue {
  /**
   * @param {(answer: DecodeAnswer) => void} send
   * @param {number} slice  ms of work before others get their turn
   */
  constructor(send, slice) {
    this.send = send;
    this.slice = slice;
    /** @type {Map<string, import("./decoder.js").Decoder>} */
    this.decoders = new Map();
    /** @type {Map<string, DecodeRequest & {next: number}>} */
    this.waiting = new Map();
    this.isRunning = false;
    this.isClosed = false;
  }

  /** @param {DecodeOrder} order */
  obey(order) {
    if (order.type === "load") this.load(order.model, order.config, order.weights);
    else if (order.type === "drop") this.drop(order.model);
    else if (order.type === "cancel") this.cancel(order.channel);
    else this.post(order.request);
  }

  /** @param {string} model @param {ModelConfig} config @param {Weights} weights */
  load(model, config, weights) {
    this.decoders.set(model, decoderWith(this.decoders.get(model), config, weights));
  }

  /** @param {string} model */
  drop(model) {
    this.decoders.delete(model);
  }

  /** @param {DecodeRequest} request */
  post(request) {
    this.waiting.delete(request.channel);
    this.waiting.set(request.channel, { ...request, next: 0 });
    if (!this.isRunning) this.#run();
  }

  /** @param {string} channel */
  cancel(channel) {
    this.waiting.delete(channel);
  }

  close() {
    this.isClosed = true;
    this.waiting.clear();
  }

  async #run() {
    this.isRunning = true;
    let since = performance.now();
    while (this.waiting.size > 0 && !this.isClosed) {
      this.#work(this.#nextRequest());
      if (performance.now() - since > this.slice) {
        await nextTurn();
        since = performance.now();
      }
    }
    this.isRunning = false;
  }

  /** Give the request whose turn it is, while any waits. */
  #nextRequest() {
    const all = [...this.waiting.values()];
    return this.waiting.get("hover") ?? all.find((request) => !request.isPatient) ?? all[0];
  }

  /** Decode the next pictures of a request and send them. @param {DecodeRequest & {next: number}} request */
  #work(request) {
    const decoder = this.decoders.get(request.model);
    if (!decoder) {
      this.waiting.delete(request.channel);
      return;
    }
    const { dims, size, height, width } = decoder;
    const total = request.codes.length / dims;
    const count = Math.max(0, Math.min(request.chunk, total - request.next));
    const codes = request.codes.subarray(request.next * dims, (request.next + count) * dims);
    const pictures = decoder.decode(codes, new Float32Array(count * size));
    const rgba = new Uint8ClampedArray(count * height * width * 4);
    for (let n = 0; n < count; n++) {
      const picture = pictures.subarray(n * size, (n + 1) * size);
      writeRgba(picture, 255, decoder.config.image_shape, rgba, n * height * width * 4);
    }
    const start = request.next;
    request.next += count;
    const isLast = request.next >= total;
    if (isLast) this.waiting.delete(request.channel);
    this.send({ channel: request.channel, id: request.id, start, rgba, isLast });
  }
}

/** Let whatever has arrived meanwhile be handled first. @returns {Promise<void>} */
function nextTurn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

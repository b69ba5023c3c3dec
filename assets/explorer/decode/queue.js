/**
 * Decode many pictures without holding anyone up: a queue with one place per channel, in which the newest wins.
 *
 * It works in slices: as many pictures at once as one takes, by how long the last ones took, so that a fast net runs
 * large batches and a slow one still lets newer orders in. What is ready is told less often, for each answer has the page
 * draw. It runs in the worker; where workers are not to be had it runs in the page.
 */

import { writeRgba } from "../dom/pictures.js";
import { decoderWith } from "./decoder.js";

/**
 * @typedef {object} DecodeRequest
 * @property {string} channel     what the pictures are for; a new request replaces the one before
 * @property {number} id          grows with every request
 * @property {string} model       name under which the weights were loaded
 * @property {Float32Array} codes (N, D)
 * @property {number} chunk       pictures that belong together: an answer has one or several such chunks
 * @property {number | Int32Array} [label]  the class, for a model that is told one: of all, or (N,)
 * @property {boolean} [isExact]  the pixels are wanted too, not only what a screen can show of them
 * @property {boolean} [isPatient]  its turn comes when nothing else waits
 */

/**
 * @typedef {object} DecodeAnswer
 * @property {string} channel
 * @property {number} id
 * @property {number} start                 index of the first picture
 * @property {Uint8ClampedArray<ArrayBuffer>} rgba  pictures one after the other
 * @property {Float32Array | null} pixels   (n, C, H, W) in [0, 1], where they are wanted
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

/**
 * @typedef {object} Job  a request and how far it is
 * @property {DecodeRequest} request
 * @property {number} next   the first picture that is not decoded
 * @property {number} told   the first picture that was not sent
 * @property {number} since  when pictures were sent last, or the first were begun, as performance.now() tells it; NaN: not yet
 * @property {Uint8ClampedArray<ArrayBuffer>} rgba  all its pictures, from when the first is decoded
 * @property {Float32Array | null} pixels  of all of them, where they are wanted
 */

/** Pictures are sent after so many slices: soon at first, so that the eye has something. */
const SLICES_AN_ANSWER = { first: 1, later: 6 };

/** Clocks in pages are this coarse, in ms: less cannot be told. */
const LEAST_TIME = 0.1;

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
    /** How long a picture took of late, in ms. @type {WeakMap<import("./decoder.js").Decoder, number>} */
    this.pace = new WeakMap();
    /** By channel. @type {Map<string, Job>} */
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
    this.waiting.set(request.channel, { request, next: 0, told: 0, since: NaN, rgba: NOTHING, pixels: null });
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
      this.#work(this.#nextJob(), since + this.slice);
      // The rest of a slice is given away: a few pictures alone take longer, each, than many.
      if (performance.now() - since > this.slice / 2) {
        await nextTurn();
        since = performance.now();
      }
    }
    this.isRunning = false;
  }

  /** Give the job whose turn it is, while any waits. */
  #nextJob() {
    const all = [...this.waiting.values()];
    return this.waiting.get("hover") ?? all.find(({ request }) => !request.isPatient) ?? all[0];
  }

  /** Decode the next pictures of a job; send what is ready, if it is time. @param {Job} job @param {number} end  of the slice */
  #work(job, end) {
    const { channel, id, model, codes } = job.request;
    const decoder = this.decoders.get(model);
    if (!decoder) {
      this.waiting.delete(channel);
      return;
    }
    const picture = 4 * decoder.height * decoder.width;
    const total = codes.length / decoder.dims;
    if (Number.isNaN(job.since)) {
      job.since = performance.now();
      job.rgba = new Uint8ClampedArray(total * picture);
      if (job.request.isExact) job.pixels = new Float32Array(total * decoder.size);
    }
    this.#decode(decoder, job, Math.min(this.#batch(decoder, job.request.chunk, end), total - job.next));
    const isLast = job.next >= total;
    if (isLast) this.waiting.delete(channel);
    else if (performance.now() - job.since < SLICES_AN_ANSWER[job.told ? "later" : "first"] * this.slice) {
      return;
    }
    const isWhole = isLast && job.told === 0;
    const rgba = isWhole ? job.rgba : job.rgba.slice(job.told * picture, job.next * picture);
    const { size } = decoder;
    const pixels = isWhole ? job.pixels : (job.pixels?.slice(job.told * size, job.next * size) ?? null);
    const start = job.told;
    job.told = job.next;
    job.since = performance.now();
    this.send({ channel, id, start, rgba, pixels, isLast });
  }

  /**
   * @param {import("./decoder.js").Decoder} decoder
   * @param {number} chunk
   * @param {number} end  of the slice
   * @returns {number} pictures that fit into the slice: whole chunks, at least one
   */
  #batch(decoder, chunk, end) {
    const each = this.pace.get(decoder);
    if (!each) return chunk;
    return chunk * Math.max(1, Math.floor((end - performance.now()) / (chunk * each)));
  }

  /** @param {import("./decoder.js").Decoder} decoder @param {Job} job @param {number} count  of pictures */
  #decode(decoder, job, count) {
    if (count < 1) return;
    const began = performance.now();
    const { dims, size, height, width } = decoder;
    const { codes, label } = job.request;
    const part = codes.subarray(job.next * dims, (job.next + count) * dims);
    const labels = typeof label === "object" ? label.subarray(job.next, job.next + count) : label;
    const room = job.pixels?.subarray(job.next * size, (job.next + count) * size);
    const pictures = decoder.decode(part, room ?? new Float32Array(count * size), labels);
    for (let n = 0; n < count; n++) {
      const picture = pictures.subarray(n * size, (n + 1) * size);
      writeRgba(picture, 255, decoder.config.image_shape, job.rgba, (job.next + n) * height * width * 4);
    }
    job.next += count;
    this.pace.set(decoder, Math.max(LEAST_TIME, performance.now() - began) / count);
  }
}

/** What a job has before its first picture is decoded. */
const NOTHING = new Uint8ClampedArray(0);

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

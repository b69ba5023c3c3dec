/**
 * How unusual an image is for a model: how far its code lies from those of the set's images, and how badly it is
 * reconstructed, each beside the same of the held-out images that stand on the map.
 *
 * An image's own distance is that to the nearest other image, so that both are asked the same. Both are measured once,
 * between other things: until then nothing is said.
 */

import { compare } from "../cursor/error-map.js";
import { nearestCodes } from "../latent/nearest-codes.js";
import { classOf, codeOf, imageOf } from "../latent/space.js";

/** @typedef {import("../latent/space.js").Space} Space */

/** Of at most so many images. */
const MOST_IMAGES = 1000;
/** Of their reconstructions at most so many bytes are held at a time. */
const MOST_BYTES = 16e6;
/** With about so many differences of two numbers distances are measured: of fewer images where these are many. */
const DISTANCE_WORK = 6e7;
/** For at most so long at a time, in ms. */
const SLICE = 4;

/** More unusual than this share of the held-out images: nothing like it was there. */
const NEVER = 0.99;
/** More unusual than this share: it happens. */
const RARE = 0.9;

/**
 * @typedef {object} Rank       among held-out images
 * @property {number} distance  share of them that lie nearer to another than this image to any, 0..1; NaN: not known
 * @property {number} error     share of them that are reconstructed better, 0..1; NaN: not known
 */

export class Unusual {
  /**
   * @param {import("../decode/service.js").DecodeService} service
   * @param {() => void} onKnown  more can be said now
   */
  constructor(service, onKnown) {
    this.service = service;
    this.onKnown = onKnown;
    /** From each image asked to the nearest other, sorted. */
    this.distances = new Float64Array(0);
    /** Mean squares of the reconstructions' errors, sorted. */
    this.errors = new Float64Array(0);
    this.timer = 0;
  }

  /**
   * Measure a model's held-out images.
   *
   * @param {Space} space
   * @param {string} model  as the decoding service knows it
   */
  setSpace(space, model) {
    this.close();
    this.distances = this.errors = new Float64Array(0);
    this.#measureDistances(space);
    this.#measureErrors(space, model);
  }

  /** @param {number} distance  to the nearest image @param {number} meanSquare  of the error @returns {Rank} */
  rank(distance, meanSquare) {
    return {
      distance: shareBelow(this.distances, distance),
      error: shareBelow(this.errors, meanSquare),
    };
  }

  close() {
    clearTimeout(this.timer);
  }

  /** @param {Space} space */
  #measureDistances(space) {
    const { dims, count } = space;
    if (count < 2) return;
    const indices = spread(count, Math.max(16, Math.floor(DISTANCE_WORK / (count * dims))));
    const found = new Float64Array(indices.length);
    let at = 0;
    const go = () => {
      const end = performance.now() + SLICE;
      while (at < indices.length && performance.now() < end) {
        const { squares } = nearestCodes(codeOf(space, indices[at]), space, 2);
        found[at++] = Math.sqrt(squares[1]); // the nearest is the image itself
      }
      if (at < indices.length) {
        this.timer = setTimeout(go, 0);
        return;
      }
      this.distances = found.sort();
      this.onKnown();
    };
    this.timer = setTimeout(go, 0);
  }

  /** @param {Space} space @param {string} model */
  #measureErrors(space, model) {
    const { shape, dims, config } = space;
    const bytes = 4 * shape[1] * shape[2];
    const indices = spread(space.count, Math.max(50, Math.floor(MOST_BYTES / bytes)));
    /** Each class apart: a model is told one at a time. @type {Map<number, number[]>} */
    const groups = new Map();
    for (const n of indices) {
      const label = config.n_classes ? classOf(space, n) : 0;
      groups.set(label, [...(groups.get(label) ?? []), n]);
    }
    /** @type {number[]} */
    const found = [];
    for (const [label, members] of groups) {
      const codes = new Float32Array(members.length * dims);
      members.forEach((n, k) => codes.set(codeOf(space, n), k * dims));
      this.service.request(`held-out-${label}`, model, codes, 1, ({ start, rgba }) => {
        for (let k = 0; k * bytes < rgba.length; k++) {
          const part = rgba.subarray(k * bytes, (k + 1) * bytes);
          found.push(compare(imageOf(space, members[start + k]), part, shape).meanSquare);
        }
        if (found.length < indices.length) return;
        this.errors = Float64Array.from(found).sort();
        this.onKnown();
      }, { isPatient: true, label });
    }
  }
}

/**
 * Say in a few words how unusual an image is.
 *
 * @param {Rank} rank
 * @returns {string} "" where nothing is known
 */
export function unusualWord({ distance, error }) {
  const most = Math.max(Number.isNaN(distance) ? -1 : distance, Number.isNaN(error) ? -1 : error);
  if (most < 0) return "";
  if (most >= NEVER) return "The model has never seen such a thing";
  return most >= RARE ? "Rare among its images" : "Usual among its images";
}

/**
 * @param {Float64Array} sorted  ascending
 * @param {number} value
 * @returns {number} share of them that is smaller, 0..1; NaN where there are none, or nothing to compare
 */
export function shareBelow(sorted, value) {
  if (!sorted.length || Number.isNaN(value)) return NaN;
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low / sorted.length;
}

/** @param {number} count @param {number} most @returns {number[]} indices below `count`, evenly apart */
function spread(count, most) {
  const asked = Math.min(count, most, MOST_IMAGES);
  return Array.from({ length: asked }, (_, k) => Math.floor((k * count) / asked));
}

/**
 * A net given as a list of layers: does it chain, which weights does it want, what does it cost?
 *
 * A list is JSON and may come from anyone. Nothing is allocated before it went through here.
 */

import { FormatError } from "../../data/safetensors.js";
import { Fields } from "./fields.js";
import { KINDS } from "./kinds.js";
import { count, LIMITS, millions, readShape, shapeText } from "./shape.js";

/** @typedef {import("./kinds.js").Layer} Layer */

/**
 * @typedef {object} LayerList
 * @property {Layer[]} layers
 * @property {number[]} input                shape
 * @property {number[]} output               shape
 * @property {import("./kinds.js").Named[]} weights  names and shapes of all that it wants
 * @property {number} multiplyAdds           for one image
 */

/**
 * Check a list of layers.
 *
 * @param {any} entries  as they stand in a file
 * @param {any} input    the shape that comes in
 * @returns {LayerList}
 * @throws {FormatError} if it is no such list, does not chain, or is over the limits; the layer is named
 */
export function readLayers(entries, input) {
  const { shape, fault } = readShape(input);
  if (fault) throw new FormatError(`The shape of the net's input ${fault}.`);
  const reader = new ListReader();
  const layers = reader.read(entries, shape, "");
  const { output } = layers[layers.length - 1];
  return { layers, input: shape, output, weights: reader.weights, multiplyAdds: reader.multiplyAdds };
}

/**
 * The list with a sigmoid behind it, which makes probabilities of logits.
 *
 * @param {LayerList} list
 * @returns {LayerList}
 */
export function squashed(list) {
  const { output } = list;
  const sigmoid = layerOf("activation", output, { output, curve: "sigmoid" });
  return { ...list, layers: [...list.layers, sigmoid] };
}

/**
 * @param {string} kind
 * @param {number[]} input
 * @param {import("./kinds.js").Facts} facts
 * @returns {Layer}
 */
function layerOf(kind, input, facts) {
  return {
    ...{ name: "", names: [], weights: [], statistics: [], multiplyAdds: 0, channels: 0, bias: false },
    ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0], epsilon: 0, curve: "", a: 0, factor: [1, 1] },
    ...{ classes: 0, layers: [], ...facts, kind, input },
  };
}

/** Reads a list from its first layer to its last and keeps count. */
class ListReader {
  constructor() {
    this.layers = 0;
    this.multiplyAdds = 0;
    /** @type {import("./kinds.js").Named[]} */
    this.weights = [];
    /** How many were learned. */
    this.numbers = 0;
  }

  /**
   * @param {any} entries
   * @param {number[]} input
   * @param {string} within  the title of the residual that they belong to
   * @returns {Layer[]}
   */
  read(entries, input, within) {
    if (!Array.isArray(entries) || entries.length === 0) {
      throw new FormatError(`${within || "The net"}: its layers must be a list with at least one of them.`);
    }
    return entries.map((entry, i) => {
      const layer = this.#layer(entry, input, within ? `${within}, layer ${i + 1}` : `Layer ${i + 1}`);
      input = layer.output;
      return layer;
    });
  }

  /** @param {any} entry @param {number[]} input @param {string} place @returns {Layer} */
  #layer(entry, input, place) {
    if (++this.layers > LIMITS.layers) {
      throw new FormatError(`The net has more than ${LIMITS.layers} layers, the most that is run here.`);
    }
    const kind = KINDS.get(entry?.kind);
    if (!kind) {
      const known = [...KINDS.keys()].join(", ");
      throw new FormatError(`${place}: its kind, “${entry?.kind}”, is not known here; known are ${known}.`);
    }
    const called = typeof entry.name === "string" ? entry.name : entry.kind;
    const fields = new Fields(entry, `${place} (${called})`);
    const layer = layerOf(entry.kind, input, kind(fields, input, this.read.bind(this)));
    this.#keepLimits(layer, fields);
    return layer;
  }

  /** @param {Layer} layer @param {Fields} fields */
  #keepLimits(layer, fields) {
    if (count(layer.output) > LIMITS.activation) {
      fields.refuse(`it makes ${shapeText(layer.output)}, more than ${millions(LIMITS.activation)} numbers`);
    }
    this.weights.push(...layer.weights, ...layer.statistics);
    for (const [, shape] of layer.weights) this.numbers += count(shape);
    if (this.numbers > LIMITS.weights) {
      fields.refuse(`with it the net has more than ${millions(LIMITS.weights)} weights`);
    }
    this.multiplyAdds += layer.multiplyAdds;
    if (this.multiplyAdds > LIMITS.multiplyAdds) {
      const most = millions(LIMITS.multiplyAdds);
      fields.refuse(
        `with it an image costs more than ${most} multiplications; fewer channels or pixels would do`,
      );
    }
  }
}

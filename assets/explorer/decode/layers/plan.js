/**
 * From a list of layers to the steps of the kernels and the areas of memory that they work on.
 *
 * A layer is one step or a few. ReLUs and batch norms go into the product before them where they can. Flattening
 * and reshaping move numbers, because their order is torch's: channel, row, column.
 */

import { Area } from "./area.js";
import { productsOf, roomAround } from "./products.js";
import { count } from "./shape.js";

/** @typedef {import("./kinds.js").Layer} Layer */
/** @typedef {import("./products.js").Product} Product */

/** @typedef {{slope: number | null, norms: Layer[]}} Finish  what a product does to its answers */

/**
 * @typedef {object} Feature  what a layer gives
 * @property {Area} area
 * @property {number[]} shape         as in torch
 * @property {Finish | null} finish   of the product that made it, while it can take more into it
 */

/**
 * @typedef {object} Step
 * @property {string} call            a function of the kernels, or "label"
 * @property {(weight: number, bias: number) => number[]} fields  its description, as a struct in kernels.c wants
 *   it, once all areas are laid out and the weights have their addresses
 * @property {() => number} [real]    the last field, where that is a float
 * @property {{layer: Layer, product: Product, finish: Finish}} [weights]  of a product
 * @property {Layer} [norm]           of a batch norm that stands alone
 */

/** Activations, in the order of the enum in kernels.c; the first is every one with a slope. */
const CURVES = ["relu", "tanh", "sigmoid", "silu", "gelu", "gelu_tanh", "elu"];
const BENT = ["relu", "leaky_relu"];

export class Plan {
  /** @param {import("./list.js").LayerList} list */
  constructor({ layers, input }) {
    /** @type {Step[]} */
    this.steps = [];
    /** @type {Area[]} */
    this.areas = [];
    const given = this.#flatArea(count(input));
    given.area.first = 0;
    /** Where the input is written, in torch's order. */
    this.input = given.area;
    let feature = this.#through(layers, input.length === 3 ? this.#shaped(given, input) : given);
    if (!isInOrder(feature)) feature = this.#flattened(feature);
    /** Where the answer stands, in torch's order. */
    this.output = feature.area;
    this.output.last = Infinity;
  }

  /** @param {Layer[]} layers @param {Feature} x @returns {Feature} */
  #through(layers, x) {
    return layers.reduce((feature, layer) => this.#layer(layer, feature), x);
  }

  /** @param {Layer} layer @param {Feature} x @returns {Feature} */
  #layer(layer, x) {
    switch (layer.kind) {
      case "dense":
      case "convolution":
      case "transposed_convolution":
        return this.#products(layer, x);
      case "heads":
        return this.#heads(layer, x);
      case "batch_norm":
        return this.#norm(layer, x);
      case "activation":
        return this.#activation(layer, x);
      case "flatten":
        return this.#flattened(x);
      case "reshape":
        return layer.output.length === 3
          ? this.#shaped(this.#flattened(x), layer.output)
          : this.#flattened(x);
      case "crop":
        return { ...x, shape: layer.output };
      case "upsample":
        return this.#copied(x, layer.output, layer.factor);
      case "append_label":
        return this.#labelled(layer, x);
      case "residual":
        return this.#residual(layer, x);
      default:
        return this.#pooled(layer, x);
    }
  }

  /** @param {Layer} layer @param {Feature} x @returns {Feature} */
  #products(layer, x) {
    const { products, around } = productsOf(layer);
    const from = this.#widened(x, around, 0);
    const finish = { slope: null, norms: [] };
    const feature = { ...this.#imageArea(layer.output), finish };
    for (const product of products) this.#product(layer, product, from, feature.area, finish);
    return feature;
  }

  /** Several dense layers side by side. @param {Layer} layer @param {Feature} x @returns {Feature} */
  #heads(layer, x) {
    const feature = this.#imageArea(layer.output);
    layer.names.forEach((name, n) => {
      const head = { ...layer, kind: "dense", name };
      const [product] = productsOf(head).products;
      this.#product(head, product, x.area, feature.area, { slope: null, norms: [] }, n * layer.channels);
    });
    return feature;
  }

  /**
   * @param {Layer} layer
   * @param {Product} product
   * @param {Area} from
   * @param {Area} to
   * @param {Finish} finish
   * @param {number} [first]  channel that its answers begin at
   */
  #product(layer, product, from, to, finish, first = 0) {
    const { places, stride, spread, patch, inputs, channels } = product;
    this.#step([from, to], {
      call: "product",
      weights: { layer, product, finish },
      fields: (weight, bias) => [
        ...[from.at(product.from[0], product.from[1]), weight, bias],
        ...[to.at(product.to[0], product.to[1]) + 4 * first, places[0], places[1]],
        ...[from.image, stride[0] * from.row, stride[1] * inputs],
        ...[to.image, spread[0] * to.row, spread[1] * channels],
        ...[patch[0], patch[1] * inputs, from.row, channels],
      ],
      real: () => finish.slope ?? 1,
    });
  }

  /** @param {Layer} layer @param {Feature} x @returns {Feature} */
  #norm(layer, x) {
    if (x.finish && !x.area.held) {
      x.finish.norms.push(layer);
      return x;
    }
    const to = this.#own(x);
    this.#step([to.area], {
      call: "normalise",
      norm: layer,
      fields: (weight, bias) => [...imageFields(to), weight, bias],
    });
    return to;
  }

  /** @param {Layer} layer @param {Feature} x @returns {Feature} */
  #activation({ curve, a }, x) {
    const isBent = BENT.includes(curve);
    if (isBent && x.finish && !x.area.held) {
      x.finish.slope = a;
      return { ...x, finish: null };
    }
    const to = this.#own(x);
    const kind = isBent ? 0 : CURVES.indexOf(curve);
    this.#step([to.area], { call: "activate", fields: () => [...imageFields(to), kind], real: () => a });
    return to;
  }

  /** @param {Layer} layer @param {Feature} x @returns {Feature} */
  #pooled(layer, x) {
    const { kind, kernel, stride, padding, input, output } = layer;
    const from = this.#widened(x, roomAround(layer), kind === "max_pool" ? -Infinity : 0);
    const feature = this.#imageArea(output);
    const to = feature.area;
    this.#step([from, to], {
      call: kind,
      fields: () => [
        ...[from.at(-padding[0], -padding[1]), to.at(0, 0), output[1], output[2], input[0]],
        ...[from.image, stride[0] * from.row, stride[1] * input[0]],
        ...[to.image, to.row, input[0]],
        ...[kernel[0], kernel[1], from.row, input[0]],
      ],
    });
    return feature;
  }

  /** @param {Layer} layer @param {Feature} x @returns {Feature} */
  #labelled({ classes, input, output }, x) {
    const to = this.#flatArea(output[0]);
    this.#copy(x.area, to.area, [input[0], 1, 1], [1, 1]);
    const { area } = to;
    this.#step([area], { call: "label", fields: () => [area.start + input[0], area.image, classes] });
    return to;
  }

  /** @param {Layer} layer @param {Feature} x @returns {Feature} */
  #residual({ layers }, x) {
    x.area.held++;
    const answer = this.#through(layers, { ...x, finish: null });
    x.area.held--;
    const y = answer.area === x.area ? this.#copied(answer, answer.shape) : answer;
    this.#step([y.area, x.area], { call: "add", fields: () => [...imageFields(y), ...imageFields(x)] });
    return { ...y, finish: null };
  }

  /** From plain numbers in torch's order to an image. @param {Feature} x @param {number[]} shape @returns {Feature} */
  #shaped(x, shape) {
    const [channels, rows, columns] = shape;
    const feature = this.#imageArea(shape);
    const [from, to] = [x.area, feature.area];
    this.#step([from, to], {
      call: "copy",
      fields: () => [
        ...[from.at(0, 0), to.at(0, 0), rows, columns, channels],
        ...[from.image, columns, 1, rows * columns],
        ...[to.image, to.row, channels, 1, 1, 1],
      ],
    });
    return feature;
  }

  /** From an image to plain numbers in torch's order. @param {Feature} x @returns {Feature} */
  #flattened(x) {
    if (x.shape.length === 1) return x;
    const [channels, rows, columns] = x.shape;
    const feature = this.#flatArea(count(x.shape));
    const [from, to] = [x.area, feature.area];
    this.#step([from, to], {
      call: "copy",
      fields: () => [
        ...[from.at(0, 0), to.at(0, 0), rows, columns, channels],
        ...[from.image, from.row, channels, 1],
        ...[to.image, columns, 1, rows * columns, 1, 1],
      ],
    });
    return feature;
  }

  /** The same in an area of its own, each pixel repeated. @param {Feature} x @param {number[]} shape @returns {Feature} */
  #copied(x, shape, factor = [1, 1]) {
    const feature = this.#imageArea(shape);
    const { channels, rows, columns } = feature.area;
    this.#copy(x.area, feature.area, [channels, rows, columns], factor);
    return feature;
  }

  /** @param {Area} from @param {Area} to @param {number[]} shape @param {number[]} factor */
  #copy(from, to, [channels, rows, columns], factor) {
    this.#step([from, to], {
      call: "copy",
      fields: () => [
        ...[from.at(0, 0), to.at(0, 0), rows, columns, channels],
        ...[from.image, from.row, from.channels, 1],
        ...[to.image, to.row, to.channels, 1, factor[0], factor[1]],
      ],
    });
  }

  /** The same numbers where they may be changed. @param {Feature} x @returns {Feature} */
  #own(x) {
    return x.area.held ? this.#copied(x, x.shape) : { ...x, finish: null };
  }

  /** The area of a feature with room around it. What a crop left out would stand in the way.
   * @param {Feature} x @param {import("./area.js").Sides} around @param {number} fill @returns {Area} */
  #widened(x, around, fill) {
    if (around.above + around.left + around.below + around.right === 0) return x.area;
    const isTaken = x.area.isWide && x.area.fill !== fill;
    const { area } = isCropped(x) || isTaken ? this.#copied(x, x.shape) : x;
    area.widen(around, fill);
    return area;
  }

  /** @param {number} numbers @returns {Feature} */
  #flatArea(numbers) {
    return this.#imageArea([numbers]);
  }

  /** @param {number[]} shape @returns {Feature} */
  #imageArea(shape) {
    const [channels, rows = 1, columns = 1] = shape;
    const area = new Area(channels, rows, columns);
    this.areas.push(area);
    return { area, shape, finish: null };
  }

  /** @param {Area[]} touched @param {Step} step */
  #step(touched, step) {
    for (const area of touched) {
      area.first = Math.min(area.first, this.steps.length);
      area.last = Math.max(area.last, this.steps.length);
    }
    this.steps.push(step);
  }
}

/** @param {Feature} x @returns {boolean} */
function isCropped({ area, shape }) {
  return shape.length === 3 && (shape[1] !== area.rows || shape[2] !== area.columns);
}

/** Whether its numbers lie as in torch and without gaps. @param {Feature} x @returns {boolean} */
function isInOrder(x) {
  const isOneOrder = x.shape.length === 1 || x.shape[0] === 1 || x.shape[1] * x.shape[2] === 1;
  return isOneOrder && !x.area.isWide && !isCropped(x);
}

/** The fields of an `Image`. @param {Feature} x @returns {number[]} */
function imageFields({ area, shape: [, rows = 1, columns = 1] }) {
  return [area.at(0, 0), rows, columns, area.channels, area.image, area.row];
}

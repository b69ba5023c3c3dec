/**
 * The kinds of layers: what each reads from its entry, makes of a shape, weighs and costs.
 *
 * `[a]` is a field that may be left out, with its value then; a pair is one whole number, or two for rows and for
 * columns. Weights are called `<name>.weight` and so on and lie as in torch. The fields are those of the classes in
 * `vae_core/models/layers/kinds.py`; those that only training asks for are passed over.
 *
 *     dense                  name, outputs, [bias true]              weight (outputs, inputs), bias (outputs)
 *     heads                  names, outputs, [bias true]             dense layers of the same numbers, one behind the other
 *     convolution            name, channels, kernel pair, [stride 1 pair], [padding 0 pair], [bias true]
 *                                                                    weight (channels, inputs, k, k)
 *     transposed_convolution the same and [output_padding 0 pair]    weight (inputs, channels, k, k)
 *     batch_norm             name, [epsilon 1e-5]                    weight, bias, running_mean, running_var
 *     activation             function: relu, leaky_relu ([slope 0.01]), tanh, sigmoid, silu, gelu, gelu_tanh,
 *                            elu ([alpha 1])
 *     flatten
 *     reshape                shape
 *     crop                   height, width                           keeps the first rows and columns
 *     upsample               factor pair                             repeats each pixel
 *     max_pool, average_pool kernel pair, [stride as the kernel, pair], [padding 0 pair]
 *     append_label           classes                                 the one-hot label behind the numbers
 *     residual               layers                                  their answer is added to their input
 */

import { count, LIMITS, millions, readShape, shapeText } from "./shape.js";

/** @typedef {import("./shape.js").Pair} Pair */
/** @typedef {import("./fields.js").Fields} Fields */

/** @typedef {[string, number[]]} Named  a tensor's name and shape */

/**
 * @typedef {object} Layer  one entry of a list, checked. What its kind has no field for is neutral.
 * @property {string} kind
 * @property {string} name                   of its weights
 * @property {string[]} names                of the weights of heads
 * @property {number[]} input                shape
 * @property {number[]} output               shape
 * @property {Named[]} weights               what it learned
 * @property {Named[]} statistics            what it counted besides
 * @property {number} multiplyAdds           for one image; of a pool, what it adds and compares
 * @property {number} channels               of the answer of a layer with weights
 * @property {boolean} bias
 * @property {Pair} kernel
 * @property {Pair} stride
 * @property {Pair} padding
 * @property {number} epsilon
 * @property {string} curve                  an activation's function
 * @property {number} a                      its parameter
 * @property {Pair} factor
 * @property {number} classes
 * @property {Layer[]} layers                of a residual
 */

/** @typedef {Partial<Layer> & {output: number[]}} Facts  what a kind says of a layer */

/** @typedef {(list: any, input: number[], within: string) => Layer[]} ReadList */

/** @type {Map<string, (fields: Fields, input: number[], read: ReadList) => Facts>} */
export const KINDS = new Map([
  ["dense", dense],
  ["heads", heads],
  ["convolution", convolution],
  ["transposed_convolution", transposedConvolution],
  ["batch_norm", batchNorm],
  ["activation", activation],
  ["flatten", (_, input) => ({ output: [count(input)] })],
  ["reshape", reshape],
  ["crop", crop],
  ["upsample", upsample],
  ["max_pool", pool],
  ["average_pool", pool],
  ["append_label", appendLabel],
  ["residual", residual],
]);

/** Activations and what their parameter is called. */
const CURVES = new Map([
  ["relu", null],
  ["leaky_relu", { field: "slope", otherwise: 0.01 }],
  ["tanh", null],
  ["sigmoid", null],
  ["silu", null],
  ["gelu", null],
  ["gelu_tanh", null],
  ["elu", { field: "alpha", otherwise: 1 }],
]);

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function dense(fields, input) {
  const [channels, bias] = [fields.whole("outputs"), fields.flag("bias")];
  const inputs = flat(fields, input);
  const name = fields.name("name");
  const weights = withBias(name, [channels, inputs], bias && channels);
  return { name, output: [channels], channels, bias, weights, multiplyAdds: inputs * channels };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function heads(fields, input) {
  const [channels, bias] = [fields.whole("outputs"), fields.flag("bias")];
  const inputs = flat(fields, input);
  const names = fields.names("names");
  const weights = names.flatMap((name) => withBias(name, [channels, inputs], bias && channels));
  const outputs = names.length * channels;
  return { names, output: [outputs], channels, bias, weights, multiplyAdds: inputs * outputs };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function convolution(fields, input) {
  const window = windowOf(fields);
  const [channels, bias] = [fields.whole("channels"), fields.flag("bias")];
  const output = slid(fields, input, window, channels);
  const weight = [channels, input[0], ...window.kernel];
  const multiplyAdds = count(output) * count(weight.slice(1));
  const name = fields.name("name");
  const weights = withBias(name, weight, bias && channels);
  return { ...window, name, output, channels, bias, weights, multiplyAdds };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function transposedConvolution(fields, input) {
  const { kernel, stride, padding } = windowOf(fields);
  const more = fields.pair("output_padding", 0, 0);
  const [channels, bias] = [fields.whole("channels"), fields.flag("bias")];
  if (more.some((side, i) => side >= stride[i])) {
    fields.refuse("its output_padding must be smaller than its stride");
  }
  const sides = sidesOf(fields, input).map(
    (side, i) => (side - 1) * stride[i] - 2 * padding[i] + kernel[i] + more[i],
  );
  if (Math.min(...sides) < 1) fields.refuse("its padding leaves nothing of the image");
  keepRoom(fields, input, kernel);
  const name = fields.name("name");
  const weights = withBias(name, [input[0], channels, ...kernel], bias && channels);
  const multiplyAdds = count(input) * channels * count(kernel);
  const output = [channels, ...sides];
  return { name, output, kernel, stride, padding, channels, bias, weights, multiplyAdds };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function batchNorm(fields, input) {
  const epsilon = fields.real("epsilon", 1e-5);
  if (epsilon < 0) fields.refuse("its epsilon must not be negative");
  const name = fields.name("name");
  const [weights, statistics] = [["weight", "bias"], ["running_mean", "running_var"]].map((parts) =>
    parts.map((part) => /** @type {Named} */ ([`${name}.${part}`, [input[0]]]))
  );
  return { name, output: input, epsilon, weights, statistics };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function activation(fields, input) {
  const curve = fields.get("function");
  const parameter = CURVES.get(curve);
  if (parameter === undefined) {
    const known = [...CURVES.keys()].join(", ");
    fields.refuse(`its function, “${curve}”, is not known here; known are ${known}`);
  }
  return { output: input, curve, a: parameter ? fields.real(parameter.field, parameter.otherwise) : 0 };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function reshape(fields, input) {
  const { shape, fault } = readShape(fields.get("shape"));
  if (fault) fields.refuse(`its shape ${fault}`);
  if (count(shape) !== count(input)) {
    fields.refuse(`it makes ${shapeText(shape)} of ${shapeText(input)}, which is not as many numbers`);
  }
  return { output: shape };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function crop(fields, input) {
  const [height, width] = [fields.whole("height"), fields.whole("width")];
  const [rows, columns] = sidesOf(fields, input);
  if (height > rows || width > columns) {
    fields.refuse(`it keeps ${height}x${width} pixels of an image of only ${rows}x${columns}`);
  }
  return { output: [input[0], height, width] };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function upsample(fields, input) {
  const factor = fields.pair("factor");
  const [rows, columns] = sidesOf(fields, input);
  return { output: [input[0], rows * factor[0], columns * factor[1]], factor };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function pool(fields, input) {
  const window = windowOf(fields, fields.pair("kernel"));
  if (window.padding.some((side, i) => 2 * side > window.kernel[i])) {
    fields.refuse("its padding must be at most half its kernel");
  }
  const output = slid(fields, input, window, input[0]);
  return { ...window, output, multiplyAdds: count(output) * count(window.kernel) };
}

/** @param {Fields} fields @param {number[]} input @returns {Facts} */
function appendLabel(fields, input) {
  const classes = fields.whole("classes");
  return { output: [flat(fields, input) + classes], classes };
}

/** @param {Fields} fields @param {number[]} input @param {ReadList} read @returns {Facts} */
function residual(fields, input, read) {
  const layers = read(fields.get("layers"), input, fields.title);
  const { output } = layers[layers.length - 1];
  if (String(output) !== String(input)) {
    const change = `its layers make ${shapeText(output)} of ${shapeText(input)}`;
    fields.refuse(`${change}; to be added they must keep the shape`);
  }
  return { output, layers };
}

/** @param {string} name @param {number[]} weight @param {number | false} bias @returns {Named[]} */
function withBias(name, weight, bias) {
  return [[`${name}.weight`, weight], ...(bias ? [/** @type {Named} */ ([`${name}.bias`, [bias]])] : [])];
}

/** @param {Fields} fields @param {number[]} input @returns {number} how many numbers */
function flat(fields, input) {
  if (input.length !== 1) {
    fields.refuse(`it wants plain numbers and gets ${shapeText(input)}; flatten it before`);
  }
  return input[0];
}

/** @param {Fields} fields @param {number[]} input @returns {Pair} rows and columns */
function sidesOf(fields, input) {
  if (input.length !== 3) {
    fields.refuse(`it wants an image and gets ${shapeText(input)}; reshape them before`);
  }
  return [input[1], input[2]];
}

/** @typedef {{kernel: Pair, stride: Pair, padding: Pair}} Window */

/** @param {Fields} fields @param {number | Pair} [stride]  where it is left out @returns {Window} */
function windowOf(fields, stride = 1) {
  return {
    kernel: fields.pair("kernel"),
    stride: fields.pair("stride", 1, stride),
    padding: fields.pair("padding", 0, 0),
  };
}

/**
 * The shape of what a window gives that slides over an image.
 *
 * @param {Fields} fields
 * @param {number[]} input
 * @param {Window} window
 * @param {number} channels
 * @returns {number[]}
 */
function slid(fields, input, { kernel, stride, padding }, channels) {
  const sides = sidesOf(fields, input).map(
    (side, i) => Math.floor((side + 2 * padding[i] - kernel[i]) / stride[i]) + 1,
  );
  if (Math.min(...sides) < 1) fields.refuse(`its kernel is larger than its input, ${shapeText(input)}`);
  keepRoom(fields, input, padding);
  return [channels, ...sides];
}

/** Refuse what takes too much room with what is put around it. @param {Fields} fields */
function keepRoom(
  fields,
  /** @type {number[]} */ [channels, rows, columns],
  /** @type {Pair} */ [above, beside],
) {
  if (channels * (rows + 2 * above) * (columns + 2 * beside) > LIMITS.activation) {
    fields.refuse(`with its padding its input has more than ${millions(LIMITS.activation)} numbers`);
  }
}

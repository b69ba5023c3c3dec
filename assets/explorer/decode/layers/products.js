/**
 * Dense layers, convolutions and transposed convolutions as what they are to the kernels: products of patches and
 * weights. Where the patches begin, how they follow each other, which weight meets which of their numbers.
 */

/** @typedef {import("./shape.js").Pair} Pair */
/** @typedef {import("./kinds.js").Layer} Layer */
/** @typedef {import("./area.js").Sides} Sides */

/**
 * @typedef {object} Product
 * @property {Pair} places  rows and columns of patches
 * @property {Pair} from    the first patch's first pixel: row and column, around the image too
 * @property {Pair} stride  pixels from patch to patch
 * @property {Pair} to      the first answer's pixel
 * @property {Pair} spread  pixels from answer to answer
 * @property {Pair} patch   its rows and columns
 * @property {number} inputs    channels of a patch
 * @property {number} channels  of an answer
 * @property {Strides} weights  where they stand among the layer's
 */

/**
 * @typedef {object} Strides  of a weight's place in the layer's
 * @property {number} start
 * @property {number} channel  from one channel of the answer to the next
 * @property {number} row      from row to row of the patch
 * @property {number} column
 * @property {number} input    from channel to channel of the patch
 */

/** @typedef {{products: Product[], around: Sides}} Products  and the room that they want around each image */

/** @type {Sides} */
const NOTHING = { above: 0, left: 0, below: 0, right: 0 };
/** @type {Pair} */
const ONE = [1, 1];
/** @type {Pair} */
const FIRST = [0, 0];

/** @param {Layer} layer @returns {Products} */
export function productsOf(layer) {
  if (layer.kind === "dense") return { products: [dense(layer)], around: NOTHING };
  if (layer.kind === "convolution") return { products: [convolution(layer)], around: roomAround(layer) };
  return phases(layer);
}

/**
 * The room that a sliding window wants around its images.
 *
 * @param {Layer} layer
 * @returns {Sides}
 */
export function roomAround({ kernel, stride, padding, input, output }) {
  const [below, right] = [0, 1].map((i) =>
    Math.max(0, (output[i + 1] - 1) * stride[i] + kernel[i] - padding[i] - input[i + 1])
  );
  return { above: padding[0], left: padding[1], below, right };
}

/** @param {Layer} layer @returns {Product} */
function dense({ channels, input }) {
  const [inputs] = input;
  const weights = { start: 0, channel: inputs, row: 0, column: 0, input: 1 };
  return {
    ...{ places: ONE, from: FIRST, stride: ONE, to: FIRST, spread: ONE, patch: ONE },
    ...{ inputs, channels, weights },
  };
}

/** @param {Layer} layer @returns {Product} */
function convolution({ kernel, stride, padding, channels, input, output }) {
  const [inputs] = input;
  const cells = kernel[0] * kernel[1];
  return {
    places: [output[1], output[2]],
    from: [-padding[0], -padding[1]],
    ...{ stride, to: FIRST, spread: ONE, patch: kernel, inputs, channels },
    weights: { start: 0, channel: inputs * cells, row: kernel[1], column: 1, input: cells },
  };
}

/**
 * A transposed convolution, phase by phase: the answers at every `stride`th row and column meet the same cells of
 * the kernel, so that each phase is a convolution of stride 1 with those cells, back to front.
 *
 * @param {Layer} layer
 * @returns {Products}
 */
function phases({ kernel, stride, padding, channels, input, output }) {
  const [inputs, ...sides] = input;
  const cells = kernel[0] * kernel[1];
  const [rows, columns] = [0, 1].map((i) => axisPhases(output[i + 1], kernel[i], stride[i], padding[i]));
  const products = rows.flatMap((y) =>
    columns.map((x) => ({
      ...{ places: pair(y.answers, x.answers), from: pair(y.from, x.from), stride: ONE },
      ...{ to: pair(y.phase, x.phase), spread: stride, patch: pair(y.taps, x.taps), inputs, channels },
      weights: {
        start: y.cell * kernel[1] + x.cell,
        ...{ channel: cells, row: -stride[0] * kernel[1], column: -stride[1], input: channels * cells },
      },
    }))
  );
  const [above, left] = [rows, columns].map((axis) => Math.max(0, ...axis.map((phase) => -phase.from)));
  const [below, right] = [rows, columns].map((axis, i) =>
    Math.max(0, ...axis.map((phase) => phase.from + phase.answers - 1 + phase.taps - sides[i]))
  );
  return { products, around: { above, left, below, right } };
}

/**
 * @typedef {object} Phase  along one axis
 * @property {number} phase    its first answer
 * @property {number} answers  how many it has
 * @property {number} taps     pixels that each of them looks at
 * @property {number} from     the first of these pixels, for the first answer
 * @property {number} cell     the kernel's cell that meets this pixel; the next meets the `stride`th before
 */

/**
 * The answer at y takes the kernel's cell k from the pixel (y + padding - k) / stride, where that is whole.
 *
 * @param {number} answers
 * @param {number} kernel
 * @param {number} stride
 * @param {number} padding
 * @returns {Phase[]}
 */
function axisPhases(answers, kernel, stride, padding) {
  return Array.from({ length: Math.min(stride, answers) }, (_, phase) => {
    const first = (phase + padding) % stride;
    const taps = Math.max(0, Math.ceil((kernel - first) / stride));
    return {
      phase,
      answers: Math.ceil((answers - phase) / stride),
      taps,
      from: (phase + padding - first) / stride - taps + 1,
      cell: first + stride * (taps - 1),
    };
  });
}

/** @param {number} rows @param {number} columns @returns {Pair} */
function pair(rows, columns) {
  return [rows, columns];
}

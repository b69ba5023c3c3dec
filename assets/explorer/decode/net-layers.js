/**
 * The layers that decoders are made of, for one picture at a time.
 *
 * Feature maps lie channels-last, (H, W, C), so that the innermost loops read without a stride. Weights are packed
 * at load in blocks of eight output channels: eight sums stay in registers while one input is read once. That is
 * about three times as fast as the plain loops. Sums are kept in double precision, numbers are stored as float32.
 */

const BLOCK = 8;

/**
 * @typedef {object} Layer
 * @property {number} outputs                      how many numbers it gives
 * @property {(input: Float32Array) => Float32Array} run  the answer is the layer's own buffer, overwritten by the next run
 */

/** @typedef {{scale: Float32Array, shift: Float32Array}} Affine */

/**
 * @param {object} spec
 * @param {Float32Array} spec.weight  (outputs, inputs), row by row, as in torch
 * @param {Float32Array} spec.bias    (outputs,)
 * @param {number} spec.slope         of the activation below zero: 1 none, 0 a ReLU, 0.1 a leaky one
 * @param {Affine} [spec.after]       a scale and a shift of each output, after the activation
 * @param {boolean} [spec.residual]   whether the input is added to the answer, in the end
 * @returns {Layer}
 */
export function dense({ weight, bias, slope, after, residual = false }) {
  const outputs = bias.length;
  const inputs = weight.length / outputs;
  const blocks = Math.ceil(outputs / BLOCK);
  const packed = new Float32Array(blocks * inputs * BLOCK);
  for (let o = 0; o < outputs; o++) {
    const at = Math.floor(o / BLOCK) * inputs * BLOCK + (o % BLOCK);
    for (let i = 0; i < inputs; i++) packed[at + i * BLOCK] = weight[o * inputs + i];
  }
  const shift = padded(bias, blocks * BLOCK);
  const output = new Float32Array(blocks * BLOCK);
  const answer = output.subarray(0, outputs);
  // A dense layer is a convolution of one pixel by one pixel, packed alike.
  const one = { height: 1, width: 1, kernel: 1, stride: 1, padding: 0, outHeight: 1, outWidth: 1 };
  const geometry = { ...one, inChannels: inputs, channels: blocks * BLOCK, slope };
  return {
    outputs,
    run(input) {
      runBlocked(packed, shift, input, output, geometry);
      if (after) runAffine(answer, after.scale, after.shift);
      if (residual) { for (let i = 0; i < outputs; i++) answer[i] += input[i]; }
      return answer;
    },
  };
}

/**
 * @typedef {object} TransposedSpec
 * @property {Float32Array} weight  (inChannels, outChannels, kernel, kernel), as in torch
 * @property {Float32Array} bias    (outChannels,)
 * @property {number} slope          of the activation below zero
 * @property {number} inChannels
 * @property {number} outChannels
 * @property {number} height        of the input
 * @property {number} width
 * @property {number} kernel
 * @property {number} stride
 * @property {number} padding
 * @property {number} outputPadding
 */

/**
 * A transposed convolution, gathered: each output pixel sums over the few kernel cells that reach it.
 *
 * @param {TransposedSpec} spec
 * @returns {Layer & {height: number, width: number}}
 */
export function transposedConvolution(spec) {
  const { weight, inChannels, outChannels, kernel, stride, padding, outputPadding } = spec;
  const narrow = outChannels < BLOCK / 2;
  const block = narrow ? 1 : BLOCK;
  const blocks = Math.ceil(outChannels / block);
  const channels = blocks * block;
  const cells = kernel * kernel;
  const packed = new Float32Array(cells * channels * inChannels);
  for (let i = 0; i < inChannels; i++) {
    for (let o = 0; o < outChannels; o++) {
      const at = Math.floor(o / block) * inChannels * block + i * block + (o % block);
      for (let cell = 0; cell < cells; cell++) {
        packed[cell * channels * inChannels + at] = weight[(i * outChannels + o) * cells + cell];
      }
    }
  }
  const height = (spec.height - 1) * stride - 2 * padding + kernel + outputPadding;
  const width = (spec.width - 1) * stride - 2 * padding + kernel + outputPadding;
  const shift = padded(spec.bias, channels);
  const geometry = { ...spec, outHeight: height, outWidth: width, channels };
  // Channels that only fill the last block are computed and stay zero; the next layer is told the real number.
  const output = new Float32Array(height * width * channels);
  const answer = channels === outChannels ? output : new Float32Array(height * width * outChannels);
  return {
    outputs: height * width * outChannels,
    height,
    width,
    run(input) {
      if (narrow) runNarrow(packed, shift, input, output, geometry);
      else runBlocked(packed, shift, input, output, geometry);
      if (answer !== output) dropFilling(output, answer, channels, outChannels);
      return answer;
    },
  };
}

/**
 * Scale and shift that stand for a batch norm in eval mode.
 *
 * @param {Float32Array} weight
 * @param {Float32Array} bias
 * @param {Float32Array} mean      running
 * @param {Float32Array} variance  running
 * @param {number} epsilon
 * @returns {Affine}
 */
export function batchNorm(weight, bias, mean, variance, epsilon) {
  const scale = weight.map((w, i) => w / Math.sqrt(variance[i] + epsilon));
  return { scale, shift: bias.map((b, i) => b - mean[i] * scale[i]) };
}

/** The loops. Arguments are few and always of one type, so that the engine compiles each of them once. */

/**
 * @typedef {object} Geometry
 * @property {number} height      of the input
 * @property {number} width
 * @property {number} inChannels
 * @property {number} kernel      its side
 * @property {number} stride
 * @property {number} padding
 * @property {number} outHeight
 * @property {number} outWidth
 * @property {number} channels    of the output, those that fill the last block included
 * @property {number} slope       of the activation below zero
 */

/**
 * @param {Float32Array} packed  weights, (kernel * kernel, blocks, inChannels, BLOCK)
 * @param {Float32Array} shift   (channels,)
 * @param {Float32Array} input   (height, width, inChannels)
 * @param {Float32Array} output  (outHeight, outWidth, channels), written
 * @param {Geometry} geometry
 */
function runBlocked(packed, shift, input, output, geometry) {
  const { height, width, inChannels, kernel, stride, padding, outHeight, outWidth, channels, slope } =
    geometry;
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let o = 0; o < channels; o += BLOCK) {
        let a0 = shift[o],
          a1 = shift[o + 1],
          a2 = shift[o + 2],
          a3 = shift[o + 3];
        let a4 = shift[o + 4],
          a5 = shift[o + 5],
          a6 = shift[o + 6],
          a7 = shift[o + 7];
        for (let ky = (oy + padding) % stride; ky < kernel; ky += stride) {
          const iy = (oy + padding - ky) / stride;
          if (iy < 0 || iy >= height) continue;
          for (let kx = (ox + padding) % stride; kx < kernel; kx += stride) {
            const ix = (ox + padding - kx) / stride;
            if (ix < 0 || ix >= width) continue;
            let w = ((ky * kernel + kx) * channels + o) * inChannels;
            const start = (iy * width + ix) * inChannels;
            const end = start + inChannels;
            for (let p = start; p < end; p++, w += BLOCK) {
              const x = input[p];
              a0 += x * packed[w];
              a1 += x * packed[w + 1];
              a2 += x * packed[w + 2];
              a3 += x * packed[w + 3];
              a4 += x * packed[w + 4];
              a5 += x * packed[w + 5];
              a6 += x * packed[w + 6];
              a7 += x * packed[w + 7];
            }
          }
        }
        store(output, (oy * outWidth + ox) * channels + o, slope, a0, a1, a2, a3, a4, a5, a6, a7);
      }
    }
  }
}

/** @param {Float32Array} values  changed in place @param {Float32Array} scale @param {Float32Array} shift */
function runAffine(values, scale, shift) {
  for (let i = 0; i < values.length; i++) values[i] = values[i] * scale[i] + shift[i];
}

/**
 * For one or three output channels, where blocks of eight would mostly be filling.
 *
 * @param {Float32Array} packed  weights, (kernel * kernel, channels, inChannels)
 * @param {Float32Array} shift   (channels,)
 * @param {Float32Array} input   (height, width, inChannels)
 * @param {Float32Array} output  (outHeight, outWidth, channels), written
 * @param {Geometry} geometry
 */
function runNarrow(packed, shift, input, output, geometry) {
  const { height, width, inChannels, kernel, stride, padding, outHeight, outWidth, channels, slope } =
    geometry;
  let q = 0;
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let o = 0; o < channels; o++, q++) {
        let even = shift[o];
        let odd = 0;
        for (let ky = (oy + padding) % stride; ky < kernel; ky += stride) {
          const iy = (oy + padding - ky) / stride;
          if (iy < 0 || iy >= height) continue;
          for (let kx = (ox + padding) % stride; kx < kernel; kx += stride) {
            const ix = (ox + padding - kx) / stride;
            if (ix < 0 || ix >= width) continue;
            let w = ((ky * kernel + kx) * channels + o) * inChannels;
            const start = (iy * width + ix) * inChannels;
            const end = start + inChannels;
            let p = start;
            for (; p + 1 < end; p += 2, w += 2) {
              even += input[p] * packed[w];
              odd += input[p + 1] * packed[w + 1];
            }
            if (p < end) even += input[p] * packed[w];
          }
        }
        const sum = even + odd;
        output[q] = sum < 0 ? slope * sum : sum;
      }
    }
  }
}

/**
 * Write eight sums that have been through the activation.
 *
 * @param {Float32Array} output
 * @param {number} q      where the first goes
 * @param {number} slope  of the activation below zero
 * @param {number} a0
 * @param {number} a1
 * @param {number} a2
 * @param {number} a3
 * @param {number} a4
 * @param {number} a5
 * @param {number} a6
 * @param {number} a7
 */
function store(output, q, slope, a0, a1, a2, a3, a4, a5, a6, a7) {
  output[q] = a0 < 0 ? slope * a0 : a0;
  output[q + 1] = a1 < 0 ? slope * a1 : a1;
  output[q + 2] = a2 < 0 ? slope * a2 : a2;
  output[q + 3] = a3 < 0 ? slope * a3 : a3;
  output[q + 4] = a4 < 0 ? slope * a4 : a4;
  output[q + 5] = a5 < 0 ? slope * a5 : a5;
  output[q + 6] = a6 < 0 ? slope * a6 : a6;
  output[q + 7] = a7 < 0 ? slope * a7 : a7;
}

/** @param {Float32Array} values @param {number} length @returns {Float32Array} */
function padded(values, length) {
  const out = new Float32Array(length);
  out.set(values);
  return out;
}

/** @param {Float32Array} from @param {Float32Array} to @param {number} wide @param {number} real */
function dropFilling(from, to, wide, real) {
  for (let p = 0, q = 0; q < to.length; p += wide) {
    for (let o = 0; o < real; o++) to[q++] = from[p + o];
  }
}

/**
 * A VAE small enough to train in the page: points in the plane, one latent, a decoder with one hidden layer of tanh,
 * and for each point a q(z) = N(mean, exp(logsd)^2) of its own. Its gradients are written by hand.
 */

/** @typedef {[number, number]} Point */

/**
 * @typedef {object} SmallVae
 * @property {Float64Array} w1   (H,)
 * @property {Float64Array} b1   (H,)
 * @property {Float64Array} w2   (2, H)
 * @property {Float64Array} b2   (2,)
 * @property {Float64Array} mean   (N,)
 * @property {Float64Array} logsd  (N,)
 */

/** Standard deviation of p(x|z) in each direction. */
export const NOISE = 0.15;

const NAMES = /** @type {const} */ (["w1", "b1", "w2", "b2", "mean", "logsd"]);

/**
 * @param {number} points  N
 * @param {number} hidden  H
 * @param {() => number} random  from a standard normal
 * @returns {SmallVae}
 */
export function makeSmallVae(points, hidden, random) {
  const normal = (/** @type {number} */ length, /** @type {number} */ scale) =>
    Float64Array.from({ length }, () => scale * random());
  return {
    w1: normal(hidden, 1),
    b1: normal(hidden, 1),
    w2: normal(2 * hidden, 0.4),
    b2: new Float64Array(2),
    mean: normal(points, 0.5),
    logsd: new Float64Array(points).fill(-1),
  };
}

/**
 * @param {SmallVae} vae
 * @param {number} z
 * @returns {{hidden: Float64Array, x: Point}} the hidden layer, and the mean of p(x|z)
 */
export function decode({ w1, b1, w2, b2 }, z) {
  const hidden = w1.map((w, k) => Math.tanh(w * z + b1[k]));
  const size = w1.length;
  const row = (/** @type {number} */ r) => hidden.reduce((sum, h, k) => sum + w2[r * size + k] * h, b2[r]);
  return { hidden, x: [row(0), row(1)] };
}

/**
 * Give the misfit -log p(x|z), without its constant, and how it changes with z.
 *
 * @param {SmallVae} vae
 * @param {Point} x
 * @param {number} z
 * @returns {{misfit: number, slope: number}} nats; nats per unit of z
 */
export function misfitAt(vae, x, z) {
  const { hidden, x: made } = decode(vae, z);
  const error = [(made[0] - x[0]) / NOISE ** 2, (made[1] - x[1]) / NOISE ** 2];
  const size = hidden.length;
  let slope = 0;
  for (let k = 0; k < size; k++) {
    const back = error[0] * vae.w2[k] + error[1] * vae.w2[size + k];
    slope += back * (1 - hidden[k] ** 2) * vae.w1[k];
  }
  return { misfit: 0.5 * NOISE ** 2 * (error[0] ** 2 + error[1] ** 2), slope };
}

/**
 * Give the loss of one draw for each point, and its gradient by every parameter: the mean over points of the misfit
 * at z = mean + sd * noise, and of KL(q || N(0, 1)).
 *
 * @param {SmallVae} vae
 * @param {Point[]} points        (N,)
 * @param {ArrayLike<number>} noise  (N,)
 * @returns {{loss: number, gradient: SmallVae}}
 */
export function lossAndGradient(vae, points, noise) {
  const count = points.length;
  const size = vae.w1.length;
  const gradient = /** @type {SmallVae} */ (Object.fromEntries(
    NAMES.map((name) => [name, new Float64Array(vae[name].length)]),
  ));
  let loss = 0;
  points.forEach((x, n) => {
    const sd = Math.exp(vae.logsd[n]);
    const z = vae.mean[n] + sd * noise[n];
    const { hidden, x: made } = decode(vae, z);
    const error = [(made[0] - x[0]) / NOISE ** 2, (made[1] - x[1]) / NOISE ** 2];
    loss += 0.5 * NOISE ** 2 * (error[0] ** 2 + error[1] ** 2);
    loss += 0.5 * (vae.mean[n] ** 2 + sd ** 2 - 1) - vae.logsd[n];
    let slope = 0;
    for (let k = 0; k < size; k++) {
      gradient.w2[k] += error[0] * hidden[k] / count;
      gradient.w2[size + k] += error[1] * hidden[k] / count;
      const back = (error[0] * vae.w2[k] + error[1] * vae.w2[size + k]) * (1 - hidden[k] ** 2);
      gradient.w1[k] += back * z / count;
      gradient.b1[k] += back / count;
      slope += back * vae.w1[k];
    }
    gradient.b2[0] += error[0] / count;
    gradient.b2[1] += error[1] / count;
    gradient.mean[n] = (slope + vae.mean[n]) / count;
    gradient.logsd[n] = (slope * sd * noise[n] + sd ** 2 - 1) / count;
  });
  return { loss: loss / count, gradient };
}

/** Adam (arXiv:1412.6980) over a small VAE's parameters. */
export class Adam {
  /** @param {SmallVae} vae @param {number} rate */
  constructor(vae, rate) {
    this.rate = rate;
    this.step = 0;
    const zeros = () => Object.fromEntries(NAMES.map((name) => [name, new Float64Array(vae[name].length)]));
    this.first = /** @type {SmallVae} */ (zeros());
    this.second = /** @type {SmallVae} */ (zeros());
  }

  /** @param {SmallVae} vae  changed in place @param {SmallVae} gradient */
  update(vae, gradient) {
    this.step += 1;
    const [c1, c2] = [1 - 0.9 ** this.step, 1 - 0.999 ** this.step];
    for (const name of NAMES) {
      const [values, slopes, m, v] = [vae[name], gradient[name], this.first[name], this.second[name]];
      // Each point's own numbers are in one term of the mean alone: they go as fast as if it were a sum.
      for (let k = 0; k < values.length; k++) {
        m[k] = 0.9 * m[k] + 0.1 * slopes[k];
        v[k] = 0.999 * v[k] + 0.001 * slopes[k] ** 2;
        values[k] -= (this.rate * (m[k] / c1)) / (Math.sqrt(v[k] / c2) + 1e-8);
      }
    }
  }
}

/**
 * Estimate the slope of E_q[misfit] by the mean of q in two ways from the same draws: through the draw
 * (z = mean + sd * noise, so dz / dmean = 1), and by the score of q (misfit * (z - mean) / sd^2).
 *
 * @param {SmallVae} vae
 * @param {Point} x
 * @param {number} mean
 * @param {number} sd
 * @param {ArrayLike<number>} noise  (K,)
 * @returns {{path: Float64Array, score: Float64Array}} (K,) each
 */
export function slopeEstimates(vae, x, mean, sd, noise) {
  const [path, score] = [new Float64Array(noise.length), new Float64Array(noise.length)];
  for (let k = 0; k < noise.length; k++) {
    const { misfit, slope } = misfitAt(vae, x, mean + sd * noise[k]);
    path[k] = slope;
    score[k] = (misfit * noise[k]) / sd;
  }
  return { path, score };
}

/**
 * Give that slope by quadrature over the noise.
 *
 * @param {SmallVae} vae @param {Point} x @param {number} mean @param {number} sd
 * @returns {number}
 */
export function slopeByQuadrature(vae, x, mean, sd) {
  const [reach, steps] = [8, 1600];
  const step = (2 * reach) / steps;
  let sum = 0;
  for (let k = 0; k <= steps; k++) {
    const noise = -reach + k * step;
    sum += misfitAt(vae, x, mean + sd * noise).slope * Math.exp(-0.5 * noise ** 2);
  }
  return (sum * step) / Math.sqrt(2 * Math.PI);
}

/** @param {ArrayLike<number>} values @returns {{mean: number, variance: number}} the variance with K - 1 */
export function momentsOf(values) {
  const count = values.length;
  let [mean, square] = [0, 0];
  for (let k = 0; k < count; k++) mean += values[k] / count;
  for (let k = 0; k < count; k++) square += (values[k] - mean) ** 2;
  return { mean, variance: count > 1 ? square / (count - 1) : NaN };
}

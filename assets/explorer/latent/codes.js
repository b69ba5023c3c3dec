/**
 * Walk between latents and along their dimensions: the twins of `vae_core/latent/walks.py`.
 *
 * Codes are Float32Arrays of D numbers; several of them lie one after the other, (N, D).
 */

/** @typedef {"linear" | "slerp" | "one_by_one"} Method  of going from one latent to another */

/** Sine of the angle between two codes, below which slerp walks straight: there the angle says nothing. */
const LEAST_SINE = 1e-3;

/** Angle between two codes, in radians, above which slerp walks straight: its arc would leave both far behind. */
const WIDEST_ANGLE = (170 / 180) * Math.PI;

/**
 * Say whether two codes lie opposite each other, more than 170 degrees apart, so that slerp walks straight.
 *
 * @param {ArrayLike<number>} a  (D,)
 * @param {ArrayLike<number>} b  (D,)
 */
export function areOpposite(a, b) {
  return angleBetween(a, b) > WIDEST_ANGLE;
}

/**
 * Give the codes on the way from one latent to another, both ends exact.
 *
 * @param {ArrayLike<number>} a  (D,)
 * @param {ArrayLike<number>} b  (D,)
 * @param {number} steps         2 or more
 * @param {Method} [method]
 * @returns {Float32Array} (steps, D)
 */
export function interpolate(a, b, steps, method = "linear") {
  const out = new Float32Array(steps * a.length);
  for (let step = 0; step < steps; step++) {
    out.set(between(a, b, step / (steps - 1), method), step * a.length);
  }
  return out;
}

/**
 * Give the code at a share of the way.
 *
 * @param {ArrayLike<number>} a  (D,)
 * @param {ArrayLike<number>} b  (D,)
 * @param {number} t             0..1
 * @param {Method} [method]
 * @returns {Float32Array} (D,)
 */
export function between(a, b, t, method = "linear") {
  if (t === 0 || t === 1) return Float32Array.from(t ? b : a);
  if (method === "one_by_one") return partlyChanged(a, b, t);
  const angle = method === "slerp" ? angleBetween(a, b) : 0;
  const sine = angle > WIDEST_ANGLE ? 0 : Math.sin(angle);
  const [wa, wb] = sine >= LEAST_SINE
    ? [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine]
    : [1 - t, t];
  return Float32Array.from({ length: a.length }, (_, d) => wa * a[d] + wb * b[d]);
}

/**
 * Change the dimensions in which two codes differ one after the other, in their order: between categories lies nothing.
 *
 * @param {ArrayLike<number>} a  (D,)
 * @param {ArrayLike<number>} b  (D,)
 * @param {number} t             the share that has changed, 0..1
 * @returns {Float32Array} (D,)
 */
function partlyChanged(a, b, t) {
  const z = Float32Array.from(a);
  const differ = Array.from(z.keys()).filter((d) => a[d] !== b[d]);
  for (const d of differ.slice(0, Math.floor(t * differ.length + 0.5))) z[d] = b[d];
  return z;
}

/**
 * Say how far slerp's arc swings out at most, as a multiple of the longer end's distance from the centre.
 *
 * The wider the angle between two codes of different lengths, the farther their arc leaves the images behind.
 *
 * @param {ArrayLike<number>} a  (D,)
 * @param {ArrayLike<number>} b  (D,)
 * @returns {number} 1 or more
 */
export function arcReach(a, b) {
  /** @param {number} t */
  const lengthAt = (t) => Math.hypot(...between(a, b, t, "slerp"));
  const ends = Math.max(lengthAt(0), lengthAt(1));
  const longest = Math.max(...Array.from({ length: 33 }, (_, k) => lengthAt(k / 32)));
  return ends > 0 ? longest / ends : 1;
}

/**
 * Give one latent again and again with one of its dimensions replaced.
 *
 * @param {ArrayLike<number>} z  (D,)
 * @param {number} dim
 * @param {ArrayLike<number>} values  (V,)
 * @returns {Float32Array} (V, D)
 */
export function traverse(z, dim, values) {
  const dims = z.length;
  const out = new Float32Array(values.length * dims);
  for (let v = 0; v < values.length; v++) {
    out.set(z, v * dims);
    out[v * dims + dim] = values[v];
  }
  return out;
}

/**
 * Give evenly spaced values between two quantiles of the prior, symmetric about zero: the stops of a traversal.
 *
 * @param {number} count
 * @param {number} [coverage]  the prior's probability between the first and the last
 * @returns {Float32Array} (count,)
 */
export function priorValues(count, coverage = 0.95) {
  const reach = priorQuantile(0.5 + coverage / 2);
  return Float32Array.from({ length: count }, (_, k) => count > 1 ? reach * ((2 * k) / (count - 1) - 1) : 0);
}

/**
 * Below which value a standard normal lies with this probability (Acklam's rational approximation, 1e-9).
 *
 * @param {number} probability  0..1
 * @returns {number}
 */
export function priorQuantile(probability) {
  if (probability <= 0) return -Infinity;
  if (probability >= 1) return Infinity;
  if (probability > 0.5) return -priorQuantile(1 - probability);
  /** @param {number[]} coefficients  the highest power first @param {number} x */
  const poly = (coefficients, x) => coefficients.reduce((sum, c) => sum * x + c, 0);
  if (probability < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(probability));
    return poly(TAIL_TOP, q) / poly(TAIL_BOTTOM, q);
  }
  const q = probability - 0.5;
  const r = q * q;
  return (poly(CENTRE_TOP, r) * q) / poly(CENTRE_BOTTOM, r);
}

const CENTRE_TOP = [
  -3.969683028665376e1,
  2.209460984245205e2,
  -2.759285104469687e2,
  1.38357751867269e2,
  -3.066479806614716e1,
  2.506628277459239,
];
const CENTRE_BOTTOM = [
  -5.447609879822406e1,
  1.615858368580409e2,
  -1.556989798598866e2,
  6.680131188771972e1,
  -1.328068155288572e1,
  1,
];
const TAIL_TOP = [
  -7.784894002430293e-3,
  -3.223964580411365e-1,
  -2.400758277161838,
  -2.549732539343734,
  4.374664141464968,
  2.938163982698783,
];
const TAIL_BOTTOM = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];

/**
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 * @returns {number} radians; 0 where one of them is zero
 */
function angleBetween(a, b) {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let d = 0; d < a.length; d++) {
    dot += a[d] * b[d];
    aa += a[d] * a[d];
    bb += b[d] * b[d];
  }
  const norm = Math.sqrt(aa * bb);
  return norm > 0 ? Math.acos(Math.min(1, Math.max(-1, dot / norm))) : 0;
}

/**
 * A source of numbers that gives the same ones for the same seed (mulberry32).
 *
 * @param {number} seed
 * @returns {() => number} each in [0, 1)
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** @param {() => number} random @returns {number} from a standard normal */
export function gaussian(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** @param {ArrayLike<number> | null | undefined} z @returns {number[] | null} as the URL has it, three decimals */
export function rounded(z) {
  return z ? Array.from(z, (value) => Math.round(value * 1000) / 1000 + 0) : null;
}

/** @param {unknown} z @param {number} dims @returns {Float32Array | null} a latent, if it is one of this model's */
export function acceptedLatent(z, dims) {
  const isLatent = Array.isArray(z) && z.length === dims && z.every((value) => Number.isFinite(value));
  return isLatent ? Float32Array.from(z) : null;
}

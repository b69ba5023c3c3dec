/**
 * A linear-Gaussian model with one latent: z ~ N(0, 1), x ~ N(w z + b, noise^2 I) in the plane. Everything about it is
 * known in closed form, so that a bound can be held against what it bounds (Bishop 2006, section 12.2).
 */

const LOG_2_PI = Math.log(2 * Math.PI);

/** @typedef {[number, number]} Point */
/** @typedef {{w: Point, b: Point, noise: number}} LinearModel */
/** @typedef {{mean: number, sd: number}} Normal */

/**
 * Fit w and b to points by maximum likelihood, for this noise (Tipping and Bishop 1999, equation 7).
 *
 * @param {Point[]} points  one or more
 * @param {number} noise    standard deviation
 * @returns {LinearModel}
 */
export function fitModel(points, noise) {
  const count = points.length;
  const b = /** @type {Point} */ ([0, 1].map((k) => points.reduce((sum, x) => sum + x[k], 0) / count));
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += (x - b[0]) ** 2 / count;
    xy += ((x - b[0]) * (y - b[1])) / count;
    yy += (y - b[1]) ** 2 / count;
  }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  const greatest = (xx + yy) / 2 + Math.hypot((xx - yy) / 2, xy);
  const length = Math.sqrt(Math.max(0, greatest - noise ** 2));
  return { w: [length * Math.cos(angle), length * Math.sin(angle)], b, noise };
}

/** @param {LinearModel} model @param {Point} x @returns {Normal} p(z|x), exactly */
export function posteriorOf({ w, b, noise }, x) {
  const variance = 1 / (1 + (w[0] ** 2 + w[1] ** 2) / noise ** 2);
  const along = w[0] * (x[0] - b[0]) + w[1] * (x[1] - b[1]);
  return { mean: (variance * along) / noise ** 2, sd: Math.sqrt(variance) };
}

/** @param {LinearModel} model @param {Point} x @returns {number} log p(x) = log N(x; b, w w' + noise^2 I), nats */
export function logEvidence({ w, b, noise }, x) {
  const [dx, dy] = [x[0] - b[0], x[1] - b[1]];
  const [xx, xy, yy] = [w[0] ** 2 + noise ** 2, w[0] * w[1], w[1] ** 2 + noise ** 2];
  const determinant = xx * yy - xy * xy;
  const form = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / determinant;
  return -LOG_2_PI - 0.5 * Math.log(determinant) - 0.5 * form;
}

/**
 * Give log p(x) once more, by summing p(x|z) p(z) over a fine grid of z around the posterior.
 *
 * @param {LinearModel} model
 * @param {Point} x
 * @param {number} [steps]
 * @returns {number} nats
 */
export function logEvidenceByQuadrature(model, x, steps = 4000) {
  const { mean, sd } = posteriorOf(model, x);
  const reach = 12;
  const step = (2 * reach * sd) / steps;
  const logs = Array.from({ length: steps + 1 }, (_, k) => {
    const z = mean - reach * sd + k * step;
    return logJoint(model, x, z);
  });
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, each) => sum + Math.exp(each - most), 0) * step);
}

/** @param {LinearModel} model @param {Point} x @param {number} z @returns {number} log p(x, z), nats */
export function logJoint({ w, b, noise }, x, z) {
  const square = (x[0] - b[0] - w[0] * z) ** 2 + (x[1] - b[1] - w[1] * z) ** 2;
  return -LOG_2_PI - 2 * Math.log(noise) - square / (2 * noise ** 2) - 0.5 * (LOG_2_PI + z * z);
}

/**
 * @typedef {object} Bound
 * @property {number} reconstruction  E_q[log p(x|z)], nats
 * @property {number} kl              KL(q || p(z))
 * @property {number} elbo            their difference
 * @property {number} gap             KL(q || p(z|x))
 * @property {number} joint           E_q[log p(x, z)]
 * @property {number} article         E_q[log p(x, z)] - KL(q(x, z) || p(x, z)), q(x, z) read as q(z) at this x
 */

/** @param {LinearModel} model @param {Point} x @param {Normal} q @returns {Bound} */
export function boundOf(model, x, q) {
  const { w, b, noise } = model;
  const length = w[0] ** 2 + w[1] ** 2;
  const square = (x[0] - b[0] - w[0] * q.mean) ** 2 + (x[1] - b[1] - w[1] * q.mean) ** 2;
  const reconstruction = -LOG_2_PI - 2 * Math.log(noise) - (square + length * q.sd ** 2) / (2 * noise ** 2);
  const kl = klOf(q, { mean: 0, sd: 1 });
  const joint = reconstruction - 0.5 * (LOG_2_PI + q.mean ** 2 + q.sd ** 2);
  const elbo = reconstruction - kl;
  // KL(q || p(x, z)) = E_q[log q - log p(x, z)] = -ELBO, so that what is printed there is E_q[log p(x, z)] + ELBO.
  return { reconstruction, kl, elbo, gap: klOf(q, posteriorOf(model, x)), joint, article: joint + elbo };
}

/** @param {Normal} q @param {Normal} p @returns {number} KL(q || p), nats */
export function klOf(q, p) {
  const ratio = (q.sd / p.sd) ** 2;
  return 0.5 * (ratio + ((q.mean - p.mean) / p.sd) ** 2 - 1 - Math.log(ratio));
}

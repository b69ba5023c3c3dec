/**
 * What the views know of a latent space: the model's shape, its real images and where they lie.
 *
 * A stored model gives one that stays (`bundle.js`), a run gives one that moves (`run.js`).
 */

import { entropyPerDim } from "./categories.js";

/** @typedef {{kind: string, [field: string]: unknown}} LayerEntry  as `decode/layers/kinds.js` describes it */

/** @typedef {{encoder: LayerEntry[] | null, decoder: LayerEntry[]}} NetLists  null: the model has no encoder */

/**
 * @typedef {object} ModelConfig  as in `vae_core/config/configs.py`, and what stands beside it
 * @property {[number, number, number]} image_shape
 * @property {number} latent_dim
 * @property {string} architecture   a label: what runs are the layers
 * @property {string} family
 * @property {"bernoulli" | "gaussian" | "gaussian_learned"} likelihood
 * @property {number} n_classes
 * @property {number} width
 * @property {NetLists} layers       the nets; each list is checked when it is run
 * @property {number} categories     of each latent dimension, which is then a variable that has one of them; else 0
 */

/**
 * @typedef {object} Space
 * @property {ModelConfig} config
 * @property {boolean} isGaussian          whether an image's code has a variance (and hence a KL), or there is but a prior
 * @property {number} dims                 D
 * @property {number} count                N, the probe's images that have a place; none where there is no encoder
 * @property {[number, number, number]} shape  (C, H, W)
 * @property {Uint8Array} images           (N, C, H, W)
 * @property {Int32Array | null} labels    (N,)
 * @property {string[]} labelNames
 * @property {Float32Array | null} factors (N, F)
 * @property {string[]} factorNames
 * @property {Float32Array} mean           (N, D)
 * @property {Float32Array | null} logvar  (N, D)
 * @property {import("./projection.js").Pca | null} pca
 * @property {Float32Array | null} umap    (N, 2)
 */

/**
 * Put together what views know of a model.
 *
 * @param {any} model          as `vae_core/config/configs.py` describes it
 * @param {NetLists} layers
 * @param {unknown} latentKind  what an image's code is, as the family's table has it
 * @returns {ModelConfig}
 */
export function modelConfig(model, layers, latentKind) {
  return { ...model, layers, categories: latentKind === "categorical" ? model.n_categories : 0 };
}

/**
 * Say how much each dimension carries: its KL in nats per image; where codes are points, its variance; of categories
 * how evenly they are used.
 *
 * @param {Space} space
 * @returns {Float64Array} (D,); zeros where there are no images
 */
export function weightPerDim(space) {
  if (!space.count) return new Float64Array(space.dims);
  if (space.config.categories) return entropyPerDim(space, space.config.categories);
  return space.logvar ? klPerDim(space, space.logvar) : variancePerDim(space);
}

/** @param {Space} space @param {Float32Array} logvar  its own, (N, D) @returns {Float64Array} mean over images of KL(q(z_d|x) || N(0, 1)) (arXiv:1312.6114, appendix B) */
function klPerDim({ mean, dims, count }, logvar) {
  const out = new Float64Array(dims);
  for (let n = 0, p = 0; n < count; n++) {
    for (let d = 0; d < dims; d++, p++) {
      out[d] += 0.5 * (mean[p] * mean[p] + Math.expm1(logvar[p]) - logvar[p]);
    }
  }
  return out.map((sum) => sum / count);
}

/** @param {Space} space @returns {Float64Array} */
function variancePerDim({ mean, dims, count }) {
  const first = new Float64Array(dims);
  const second = new Float64Array(dims);
  for (let n = 0, p = 0; n < count; n++) {
    for (let d = 0; d < dims; d++, p++) {
      first[d] += mean[p];
      second[d] += mean[p] * mean[p];
    }
  }
  return second.map((sum, d) => Math.max(0, sum / count - (first[d] / count) ** 2));
}

/**
 * @param {ArrayLike<number>} weights  (D,)
 * @returns {number[]} the dimensions, the heaviest first
 */
export function heaviestFirst(weights) {
  return Array.from(weights, (_, d) => d).sort((a, b) => weights[b] - weights[a] || a - b);
}

/** @param {Space} space @param {number} index @returns {Float32Array} the code of one image, (D,) */
export function codeOf({ mean, dims }, index) {
  return mean.slice(index * dims, (index + 1) * dims);
}

/** @param {Space} space @param {number} index @returns {Uint8Array} one image, (C, H, W) */
export function imageOf({ images, shape: [c, h, w] }, index) {
  return images.subarray(index * c * h * w, (index + 1) * c * h * w);
}

/** @param {Space} space @param {number} index @returns {string} the name of an image's class, or nothing */
export function labelOf({ labels, labelNames }, index) {
  return labels ? (labelNames[labels[index]] ?? String(labels[index])) : "";
}

/**
 * @param {Pick<Space, "config" | "labels">} space
 * @param {number} index  of the probe
 * @returns {number} the class that the model is told of an image; 0 where it is told none
 */
export function classOf({ config, labels }, index) {
  return config.n_classes ? (labels?.[index] ?? 0) : 0;
}

/** @param {Space} space @returns {number} how many classes there are names or labels for */
export function classCount({ labels, labelNames }) {
  if (!labels) return 0;
  return Math.max(
    labelNames.length,
    labels.reduce((most, label) => Math.max(most, label + 1), 0),
  );
}

/** With more dimensions than this, sliders get room that the picture has otherwise. */
export const MANY = 6;

/** @typedef {{name: string, unit: string}} Carried  what the numbers of `weightPerDim` are; no name: there are none */

/** What a dimension carries, by whether codes have a variance. @type {{gaussian: Carried, point: Carried, categories: Carried, nothing: Carried}} */
const CARRIES = {
  gaussian: { name: "KL", unit: "nats per image: how much this dimension tells about an image" },
  point: { name: "variance", unit: "of the images' codes along this dimension" },
  categories: {
    name: "entropy",
    unit: "in nats: how evenly the images use this variable's categories",
  },
  nothing: { name: "", unit: "" },
};

/** @param {Pick<Space, "isGaussian" | "count" | "config">} space @returns {Carried} what is said of how much a dimension carries */
export function carriedBy({ isGaussian, count, config: { categories } }) {
  if (!count) return CARRIES.nothing;
  return CARRIES[categories ? "categories" : isGaussian ? "gaussian" : "point"];
}

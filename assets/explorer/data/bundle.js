/**
 * A stored model as the browser holds it: what `vae_core/bundles/header.py` describes, parsed and checked.
 *
 * Parsed bundles stay in the module for a while, so that coming back to a page costs nothing.
 */

import { modelConfig } from "../latent/space.js";
import { FormatError, Safetensors, weightsOf } from "./safetensors.js";

/** @typedef {import("../latent/space.js").Space} Space */

/**
 * @typedef {object} Bundle
 * @property {string} name
 * @property {string} title
 * @property {Space} space
 * @property {import("./safetensors.js").Weights} weights  `decoder.*`
 * @property {() => import("./safetensors.js").Weights} encoderWeights  `encoder.*`, read from the file when asked for
 * @property {Record<string, any>} metrics
 * @property {Record<string, any>} card
 * @property {Record<string, any>} imageSet
 * @property {Int32Array | null} imageLabels  of its images, also where these have no place
 */

/** @typedef {{name: string, url: string, title: string}} BundleSource  where a stored model can be fetched */

/** A model that cannot be had; the message can be shown to a reader. */
export class BundleError extends Error {}

/** Bundles that stay, the ones used last. */
const KEPT = 4;

/** @type {Map<string, Promise<Bundle>>} by URL, the last used at the end */
const kept = new Map();

/**
 * Fetch and parse a bundle, or give the one that is already here.
 *
 * @param {BundleSource} source
 * @returns {Promise<Bundle>} rejected with a BundleError
 */
export function loadBundle(source) {
  const found = kept.get(source.url) ?? fetchBundle(source);
  kept.delete(source.url);
  kept.set(source.url, found);
  found.catch(() => kept.delete(source.url));
  for (const url of [...kept.keys()].slice(0, -KEPT)) kept.delete(url);
  return found;
}

/** @param {BundleSource} source @returns {Promise<Bundle>} */
async function fetchBundle({ name, url, title }) {
  let response;
  try {
    response = await fetch(url);
  } catch {
    throw new BundleError(
      `The model “${title || name}” could not be fetched: no connection to the server. Reload the page.`,
    );
  }
  if (!response.ok) {
    throw new BundleError(
      `The model “${title || name}” is not there any more (${response.status}). Choose another one.`,
    );
  }
  try {
    return parseBundle(await response.arrayBuffer(), name, title);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new BundleError(
      `The model “${title || name}” cannot be read. ${error.message} Choose another one, or save it anew.`,
    );
  }
}

/**
 * @param {ArrayBuffer} buffer
 * @param {string} name
 * @param {string} [title]
 * @returns {Bundle}
 * @throws {FormatError}
 */
export function parseBundle(buffer, name, title = "") {
  const file = new Safetensors(buffer);
  const layers = /** @type {Space["config"]["layers"]} */ (readJson(file, "layers"));
  const card = readJson(file, "card");
  const config = modelConfig(readJson(file, "model_config"), layers, card.latent_kind);
  const imageSet = readJson(file, "image_set");
  const { count: images, shape } = file.pictures("probe.images");
  const dims = config.latent_dim;
  const isPlaced = file.has("probe.mean"); // nobody places images where there is no encoder
  if (isPlaced) checkSize(file, "probe.mean", images * dims);
  const count = isPlaced ? images : 0;
  const optional = (/** @type {string} */ tensor) => (file.has(tensor) ? file.floats(tensor) : null);
  const mean = optional("pca.mean");
  const components = optional("pca.components");
  return {
    name,
    title: title || card.title || name,
    weights: weightsOf(file, "decoder"),
    encoderWeights: () => weightsOf(file, "encoder"),
    card,
    imageSet,
    imageLabels: file.has("probe.labels") ? file.integers("probe.labels") : null,
    metrics: readJson(file, "metrics"),
    space: {
      config,
      isGaussian: file.has("probe.logvar") || !isPlaced,
      dims,
      count,
      shape,
      images: file.bytes("probe.images"),
      labels: isPlaced && file.has("probe.labels") ? file.integers("probe.labels") : null,
      labelNames: (imageSet.label_names ?? []).map(String),
      factors: isPlaced ? optional("probe.factors") : null,
      factorNames: (imageSet.factor_names ?? []).map(String),
      mean: optional("probe.mean") ?? new Float32Array(0),
      logvar: optional("probe.logvar"),
      pca: mean && components ? { mean, components } : null,
      umap: optional("umap.positions"),
    },
  };
}

/** @param {Safetensors} file @param {string} key @returns {Record<string, any>} */
function readJson(file, key) {
  try {
    const value = JSON.parse(file.metadata[key]);
    if (value !== null && typeof value === "object") return value;
  } catch {
    // answered below
  }
  throw new FormatError(`Its ${key.replace("_", " ")} is missing.`);
}

/** @param {Safetensors} file @param {string} tensor @param {number} expected */
function checkSize(file, tensor, expected) {
  const found = file.shape(tensor).reduce((product, n) => product * n, 1);
  if (found !== expected) throw new FormatError(`Its ${tensor} has ${found} numbers instead of ${expected}.`);
}

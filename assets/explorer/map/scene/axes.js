/**
 * What the map's two axes mean, and the way there and back: two latent dimensions, PCA, UMAP; one dimension on a line.
 *
 * Names are those of the URL: `0,1`, `pca`, `umap`; `0` for a model of one dimension.
 */

import { inCell, nearestCategory } from "../../latent/categories.js";
import { fromNearest, nearestEpsilon, pcaInvert, pcaProject } from "../../latent/projection.js";

/** @typedef {import("../../latent/space.js").Space} Space */

/** The golden ratio: its multiples, less their whole part, lie evenly apart. As heights they look random and never change. */
const GOLDEN = 0.6180339887498949;

/** A row of cells is at most so many times as wide as it is high. */
const ROW_WIDTH = 4;

/** How far from a UMAP's points the decoded manifold still shows estimates, in shares of the UMAP's extent. */
const REACH = 0.035;

/**
 * @typedef {object} Landing      where a place on the map leads
 * @property {Float32Array} z     (D,)
 * @property {number | null} distance  on the map, to the nearest point; null where the way back is exact
 */

/**
 * @typedef {object} Cells         one for each pair of categories; their middles are whole numbers, they are 1 wide
 * @property {Float32Array} corners  two of the grid they make, (2, 2)
 * @property {number} high
 */

/**
 * @typedef {object} Axes
 * @property {string} name
 * @property {[string, string]} titles   of a dimension: `z3`
 * @property {boolean} hasUnits   whether numbers on the axes mean something
 * @property {boolean} isExact    whether the way back is a formula, not an estimate
 * @property {number} reach       farther than this from all points, in axis units, an estimate says nothing
 * @property {Cells | null} cells  where places are cells; null: every place is another
 * @property {(images?: Int32Array) => Float32Array} points  the probe's places now, (N, 2), or those of some images
 * @property {(latents: ArrayLike<number>) => Float32Array} place   (M, D) to (M, 2)
 * @property {(x: number, y: number, through: ArrayLike<number>) => Landing} land
 * @property {() => [number, number] | null} prior    where the centre of N(0, I) lies, which is the prior of codes that
 *     have one; null where it has no place. Around it there is a N(0, 1) along each axis
 * @property {(logvar?: Float32Array | null) => Float32Array | null} covariances  of the images' posteriors on these
 *     axes, (N, 3): xx, xy, yy; or of others, whose log variances are given, (M, D); null where codes are points
 */

/**
 * List the axes that a space can be seen on.
 *
 * @param {Space} space
 * @returns {Array<"latent" | "line" | "pca" | "umap">}
 */
export function axesKinds(space) {
  if (space.dims === 1) return ["line"];
  if (space.config.categories) return ["latent"]; // they have no order, hence no plane in which they spread most
  const kinds = /** @type {Array<"latent" | "pca" | "umap">} */ ([]);
  if (space.umap) kinds.push("umap");
  if (space.pca && space.dims > 2) kinds.push("pca"); // of two dimensions it would only turn the map
  kinds.push("latent");
  return kinds;
}

/**
 * Both dimensions of a 2-D model; else UMAP, else PCA.
 *
 * @param {Space} space
 * @returns {string}
 */
export function defaultAxes(space) {
  if (space.dims === 1) return "0";
  if (space.dims === 2 || space.config.categories) return "0,1";
  if (space.umap) return "umap";
  return space.pca ? "pca" : "0,1";
}

/**
 * @param {string | null | undefined} name
 * @param {Space} space
 * @returns {string} the name, if such axes can be drawn, else the default
 */
export function checkedAxes(name, space) {
  const kinds = axesKinds(space);
  if ((name === "pca" || name === "umap") && kinds.includes(name)) return name;
  const match = /^(\d+),(\d+)$/.exec(name ?? "");
  if (match && match[1] !== match[2] && Math.max(Number(match[1]), Number(match[2])) < space.dims) {
    return `${Number(match[1])},${Number(match[2])}`;
  }
  return defaultAxes(space);
}

/**
 * @param {string} name  as `checkedAxes` gives it
 * @param {Space} space  its codes may change later: the axes read them when asked
 * @returns {Axes}
 */
export function makeAxes(name, space) {
  if (name === "umap") return umapAxes(space);
  if (name === "pca") return pcaAxes(space);
  if (space.config.categories) return cellAxes(space, name.split(",").map(Number));
  if (name === "0") return lineAxes(space);
  const [i, j] = name.split(",").map(Number);
  return latentAxes(space, i, j);
}

/** @param {Space} space @param {number} i @param {number} j @returns {Axes} */
function latentAxes(space, i, j) {
  /** @type {Axes["place"]} */
  const place = (latents) => {
    const out = new Float32Array((latents.length / space.dims) * 2);
    for (let p = 0, q = 0; p < latents.length; p += space.dims) {
      out[q++] = latents[p + i];
      out[q++] = latents[p + j];
    }
    return out;
  };
  return {
    name: `${i},${j}`,
    titles: [`z${i}`, `z${j}`],
    hasUnits: true,
    isExact: true,
    reach: Infinity,
    cells: null,
    points: (images) => place(rowsOf(space.mean, space.dims, images)),
    place,
    land(x, y, through) {
      const z = Float32Array.from(through);
      z[i] = x;
      z[j] = y;
      return { z, distance: null };
    },
    prior: () => [0, 0],
    covariances: (logvar = space.logvar) =>
      eachPosterior(logvar, space.dims, (variance) => [variance(i), 0, variance(j)]),
  };
}

/**
 * A cell for each pair of categories of two variables; of a single variable they lie in one row.
 *
 * @param {Space} space
 * @param {number[]} dims  one or two
 * @returns {Axes}
 */
function cellAxes(space, dims) {
  const { categories } = space.config;
  // A single row of many cells would be too low to see what lies in them.
  const high = dims.length > 1 ? 1 : Math.max(1, categories / ROW_WIDTH);
  const [low, top] = [-high / 2, dims.length > 1 ? categories - 0.5 : high / 2];
  /** @type {Axes["place"]} */
  const place = (latents) => {
    const out = new Float32Array((latents.length / space.dims) * 2);
    for (let p = 0, q = 0; p < latents.length; p += space.dims, q += 2) {
      dims.forEach((dim, axis) => (out[q + axis] = latents[p + dim]));
    }
    return out;
  };
  return {
    name: dims.join(),
    titles: [`z${dims[0]}`, dims.length > 1 ? `z${dims[1]}` : ""],
    hasUnits: true,
    isExact: true,
    reach: Infinity,
    cells: { corners: Float32Array.of(-0.5, low, categories - 0.5, top), high },
    points(images) {
      const out = place(rowsOf(space.mean, space.dims, images));
      for (let k = 0; 2 * k < out.length; k++) {
        const [right, up] = inCell(images ? images[k] : k);
        out[2 * k] += right;
        out[2 * k + 1] += up * high;
      }
      return out;
    },
    place,
    land(x, y, through) {
      const z = Float32Array.from(through);
      dims.forEach((dim, axis) => (z[dim] = nearestCategory(axis ? y : x, categories)));
      return { z, distance: null };
    },
    prior: () => null,
    covariances: () => null,
  };
}

/** @param {Space} space @returns {import("../../latent/projection.js").Pca} as it is now: that of a run changes */
function pcaOf({ pca }) {
  if (!pca) throw new Error("These codes have no principal components, so no map can be drawn on them.");
  return pca;
}

/** @param {Space} space @returns {Axes} */
function pcaAxes(space) {
  /** @type {Axes["place"]} */
  const place = (latents) => pcaProject(latents, pcaOf(space));
  return {
    name: "pca",
    titles: ["First principal component", "Second principal component"],
    hasUnits: true,
    isExact: true,
    reach: Infinity,
    cells: null,
    points: (images) => place(rowsOf(space.mean, space.dims, images)),
    place,
    land: (x, y, through) => ({ z: pcaInvert(x, y, through, pcaOf(space)), distance: null }),
    // Two orthonormal directions see a standard normal as one, around the place of its centre.
    prior() {
      const [x, y] = place(new Float32Array(space.dims));
      return [x, y];
    },
    covariances(logvar = space.logvar) {
      const { dims } = space;
      const { components } = pcaOf(space);
      const [first, second] = [components.subarray(0, dims), components.subarray(dims)];
      return eachPosterior(logvar, dims, (variance) => {
        let [xx, xy, yy] = [0, 0, 0];
        for (let d = 0; d < dims; d++) {
          const v = variance(d);
          xx += v * first[d] * first[d];
          xy += v * first[d] * second[d];
          yy += v * second[d] * second[d];
        }
        return [xx, xy, yy];
      });
    },
  };
}

/** @param {Float32Array} places  (N, 2) @returns {number} the longer side of the box around them */
function mapExtent(places) {
  const [least, greatest] = [
    [Infinity, Infinity],
    [-Infinity, -Infinity],
  ];
  for (let p = 0; p < places.length; p++) {
    least[p % 2] = Math.min(least[p % 2], places[p]);
    greatest[p % 2] = Math.max(greatest[p % 2], places[p]);
  }
  return Math.max(greatest[0] - least[0], greatest[1] - least[1]);
}

/** @param {Space} space @returns {Axes} */
function umapAxes(space) {
  const { umap } = space;
  if (!umap) throw new Error("These codes have no UMAP, so no map can be drawn on it.");
  const onMap = nearestEpsilon(umap, 2);
  const inLatents = nearestEpsilon(space.mean, space.dims);
  return {
    name: "umap",
    titles: ["UMAP", ""],
    hasUnits: false,
    isExact: false,
    reach: REACH * mapExtent(umap),
    cells: null,
    points: (images) => rowsOf(umap, 2, images),
    place(latents) {
      const out = new Float32Array((latents.length / space.dims) * 2);
      for (let n = 0; n * 2 < out.length; n++) {
        const z = Float32Array.from({ length: space.dims }, (_, d) => latents[n * space.dims + d]);
        out.set(fromNearest(z, space.mean, umap, inLatents).value, n * 2);
      }
      return out;
    },
    land(x, y) {
      const { value, distance } = fromNearest([x, y], umap, space.mean, onMap);
      return { z: value, distance };
    },
    prior: () => null,
    covariances: () => null,
  };
}

/** One dimension: its value to the right, a jitter that never changes upwards. @param {Space} space @returns {Axes} */
function lineAxes(space) {
  /** @type {(image: number) => number} */
  const height = (image) => 2 * ((image * GOLDEN) % 1) - 1;
  /** @type {Axes["place"]} */
  const place = (latents) => {
    const out = new Float32Array(latents.length * 2);
    for (let n = 0; n < latents.length; n++) out[2 * n] = latents[n];
    return out;
  };
  return {
    name: "0",
    titles: ["z0", "spread out at random, to tell points apart"],
    hasUnits: true,
    isExact: true,
    reach: Infinity,
    cells: null,
    points(images) {
      const out = place(rowsOf(space.mean, 1, images));
      for (let k = 0; 2 * k < out.length; k++) out[2 * k + 1] = height(images ? images[k] : k);
      return out;
    },
    place,
    land: (x) => ({ z: Float32Array.of(x), distance: null }),
    prior: () => [0, 0],
    covariances: (logvar = space.logvar) => eachPosterior(logvar, 1, (variance) => [variance(0), 0, 0]),
  };
}

/**
 * @param {Float32Array} flat  (N, W)
 * @param {number} wide        W
 * @param {Int32Array} [rows]  (K,) which of them; all, if none are named
 * @returns {Float32Array} (K, W)
 */
function rowsOf(flat, wide, rows) {
  if (!rows) return flat;
  const out = new Float32Array(rows.length * wide);
  rows.forEach((row, k) => out.set(flat.subarray(row * wide, (row + 1) * wide), k * wide));
  return out;
}

/**
 * @param {Float32Array | null} logvar  (N, D)
 * @param {number} dims
 * @param {(variance: (dim: number) => number) => [number, number, number]} project  of one posterior
 * @returns {Float32Array | null} (N, 3)
 */
function eachPosterior(logvar, dims, project) {
  if (!logvar) return null;
  const count = logvar.length / dims;
  const out = new Float32Array(count * 3);
  for (let n = 0; n < count; n++) {
    out.set(
      project((dim) => Math.exp(logvar[n * dims + dim])),
      3 * n,
    );
  }
  return out;
}

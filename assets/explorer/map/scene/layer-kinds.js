/** The layers that can lie under the map's points: which there are, on which axes they make sense, what they say. */

/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("./axes.js").Axes} Axes */

/** @typedef {"manifold" | "prior" | "ellipse" | "ellipses" | "density"} LayerName */

/**
 * @typedef {object} Layer
 * @property {LayerName} name     as in the URL
 * @property {string} title       on its button
 * @property {string} hint        what switching it on shows
 */

/** All layers there are, in the order of their buttons. @type {Layer[]} */
export const LAYERS = [
  { name: "manifold", title: "Decoded", hint: "What every place decodes to, as one picture" },
  { name: "prior", title: "Prior", hint: "Where the prior expects codes" },
  { name: "density", title: "Holes", hint: "Where codes are denser or thinner than the prior expects" },
  {
    name: "ellipse",
    title: "One posterior",
    hint: "How sure the encoder is of the image nearest to the hand",
  },
  { name: "ellipses", title: "All posteriors", hint: "How sure the encoder is of each image" },
];

/** What stands in for the prior's layers where codes are points, which were never drawn to a prior. @type {Layer[]} */
const OF_POINTS = [
  {
    name: "prior",
    title: "N(0, 1)",
    hint: "Where a VAE's prior would expect codes; nothing drew these to it",
  },
  { name: "density", title: "Holes", hint: "Where codes are denser or thinner than N(0, 1) all the same" },
];

/** What is on for who has chosen nothing. @type {LayerName[]} */
export const FIRST_LAYERS = ["prior"];

/** And where no image has a place, so that there is nothing to be seen but what places decode to. @type {LayerName[]} */
const FIRST_WITHOUT_IMAGES = ["manifold", "prior"];

/**
 * Say which layers make sense: the prior has a place on latent dimensions and on a PCA alone, posteriors too, and only
 * where codes have them; they and what is made of codes want images; a picture needs a decoder.
 *
 * @param {Axes} axes
 * @param {Pick<Space, "isGaussian" | "count">} space
 * @param {boolean} hasDecoder
 * @returns {Layer[]}
 */
export function offeredLayers(axes, { isGaussian, count }, hasDecoder) {
  const isPlane = axes.isExact && !axes.cells; // categories have no densities
  const hasPosteriors = isPlane && isGaussian && count > 0;
  /** @type {Record<LayerName, boolean>} */
  const makesSense = {
    manifold: hasDecoder,
    prior: isPlane,
    ellipse: hasPosteriors,
    ellipses: hasPosteriors,
    density: isPlane && count > 0 && axes.name !== "0", // a single dimension shows its density anyway
  };
  return LAYERS.filter(({ name }) => makesSense[name]).map((layer) =>
    (isGaussian ? undefined : OF_POINTS.find(({ name }) => name === layer.name)) ?? layer
  );
}

/**
 * @param {ArrayLike<string> | null | undefined} names  as Python gives them; none: what suits the space
 * @param {Pick<Space, "count"> | null} [space]  if it is known
 * @returns {Set<LayerName>}
 */
export function checkedLayers(names, space = null) {
  const first = space && !space.count ? FIRST_WITHOUT_IMAGES : FIRST_LAYERS;
  const wanted = names ? Array.from(names) : first;
  return new Set(LAYERS.map(({ name }) => name).filter((name) => wanted.includes(name)));
}

/**
 * Say what a layer shows on these axes.
 *
 * @param {LayerName} name
 * @param {Axes} axes
 * @param {Space} space
 * @returns {string}
 */
export function meaningOf(name, axes, space) {
  const isLine = axes.name === "0";
  const pinned = axes.isExact && space.dims > (isLine ? 1 : 2)
    ? ", the other directions at the pinned latent"
    : "";
  switch (name) {
    case "manifold":
      if (!axes.isExact) {
        return "Decoded: each picture is an estimate from the 8 dots nearest to its centre, and there is none far from all dots.";
      }
      return `Decoded: each picture is the decoded latent of its centre${pinned}.`;
    case "prior":
      if (!space.isGaussian) {
        return (
          "N(0, 1): where the prior of a VAE would be. This model has none, so nothing drew its codes there; " +
          `${isLine ? "bands" : "circles"} of one, two and three standard deviations.`
        );
      }
      return isLine
        ? "Prior: bands of one, two and three standard deviations hold 68, 95 and 99.7 % of it."
        : "Prior: circles of one, two and three standard deviations hold 39, 86 and 99 % of it in this plane.";
    case "ellipse":
      return "One posterior: one standard deviation around the code of the image nearest to the hand.";
    case "ellipses":
      return "All posteriors: one standard deviation around each image's code; the wider, the less sure the encoder.";
    case "density":
      if (!space.isGaussian) {
        return (
          `Holes: the codes of ${
            space.count.toLocaleString("en")
          } images, each smoothed to a small Gaussian, against ` +
          "N(0, 1), from 8 times thinner to 8 times denser. A draw from N(0, 1) may fall where no image is near."
        );
      }
      return (
        `Holes: the mean of the ${space.count.toLocaleString("en")} images' posteriors against the prior, ` +
        "from 8 times thinner to 8 times denser; a hole is where the prior draws samples that no image comes near."
      );
  }
}

/**
 * Say in a few words, to stand on the map, how a layer is drawn.
 *
 * @param {LayerName} name
 * @param {Axes} axes
 * @param {Space} space
 * @returns {string}
 */
export function keyOf(name, axes, space) {
  const what = axes.name === "0" ? "bands" : "circles";
  switch (name) {
    case "manifold":
      return "what each place decodes to";
    case "prior":
      return space.isGaussian ? `prior: ${what} of 1, 2, 3 σ` : `N(0, 1) all the same: ${what} of 1, 2, 3 σ`;
    case "density":
      return space.isGaussian ? "than the prior" : "than N(0, 1)";
    case "ellipse":
      return "1 σ of this image's posterior";
    case "ellipses":
      return "1 σ of each posterior";
  }
}

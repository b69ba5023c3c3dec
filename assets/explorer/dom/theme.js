/**
 * The colours that canvases and Plotly need as values, read from the CSS variables that Streamlit sets.
 *
 * Everything in the DOM takes them through the style sheets and needs nothing from here.
 */

import { drawingContext } from "./canvas.js";

/**
 * @typedef {object} Theme
 * @property {string} text
 * @property {string} muted       for ticks and captions
 * @property {string} background
 * @property {string} line        for grids and borders
 * @property {string} accent
 * @property {string} font
 * @property {boolean} dark
 */

/**
 * @param {Element} root  an element inside `.latent-explorer`
 * @returns {Theme}
 */
export function readTheme(root) {
  const style = getComputedStyle(root);
  /** @param {string} name */
  const value = (name) => style.getPropertyValue(name).trim();
  const text = resolveColour(value("--le-text"));
  const background = resolveColour(value("--le-background"));
  return {
    text: css(text),
    muted: css(mix(text, background, 0.38)),
    background: css(background),
    line: css(mix(text, background, 0.86)),
    accent: css(resolveColour(value("--le-accent"))),
    font: style.fontFamily || "sans-serif",
    dark: luminance(background) < 0.4,
  };
}

/** @typedef {[number, number, number]} Rgb  each 0..255 */

/** @type {CanvasRenderingContext2D | null} */
let probe = null;

/**
 * Turn any CSS colour into its three numbers.
 *
 * @param {string} colour
 * @returns {Rgb}
 */
export function resolveColour(colour) {
  probe ??= drawingContext(Object.assign(document.createElement("canvas"), { width: 1, height: 1 }), {
    willReadFrequently: true,
  });
  probe.fillStyle = "#808080";
  probe.fillStyle = colour || "#808080";
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  return [r, g, b];
}

/**
 * @param {Rgb} a
 * @param {Rgb} b
 * @param {number} t  0 gives `a`, 1 gives `b`
 * @returns {Rgb}
 */
export function mix(a, b, t) {
  return /** @type {Rgb} */ (a.map((value, i) => Math.round(value + (b[i] - value) * t)));
}

/** @param {Rgb} rgb @returns {string} */
function css([r, g, b]) {
  return `rgb(${r}, ${g}, ${b})`;
}

/** @param {Rgb} rgb @returns {number} perceived lightness, 0..1 */
function luminance([r, g, b]) {
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

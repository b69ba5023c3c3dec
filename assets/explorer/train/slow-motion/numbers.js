/** The numbers of slow motion: a table of the code's dimensions, the loss in two bars, how far the weights moved. */

import { dimensionName, element, setText } from "../../dom/dom.js";
import { fixed, short } from "../../dom/format.js";
import { ARROWS } from "./map.js";

/** @typedef {import("./detail.js").Detail} Detail */

/**
 * @typedef {object} Column
 * @property {keyof Detail["rows"]} row
 * @property {string} symbol
 * @property {string} title     what it is, with its unit
 * @property {string} part      of the panel, as `Step.part`
 * @property {string} [colour]  of the arrow that shows it on the map
 */

const BY_CODE = "gradient by the code, nats per unit";
const BY_MEAN = "gradient by the mean, nats per unit";
const BY_LOGVAR = "gradient by the log variance, nats";

/** What a code that is drawn from a posterior has. @type {Column[]} */
const COLUMNS = [
  { row: "mean", symbol: "μ", title: "mean", part: "mean" },
  { row: "deviation", symbol: "σ", title: "deviation", part: "mean" },
  { row: "noise", symbol: "ε", title: "noise", part: "noise" },
  { row: "z", symbol: "z", title: "code", part: "z" },
  { row: "gradZ", symbol: "∂L/∂z", title: BY_CODE, part: "gradient", colour: ARROWS.z },
  { row: "gradMean", symbol: "∂L/∂μ", title: BY_MEAN, part: "gradient", colour: ARROWS.posterior },
  { row: "gradLogvar", symbol: "∂L/∂log σ²", title: BY_LOGVAR, part: "gradient", colour: ARROWS.posterior },
];

/** What an autoencoder's code has: one point, and one gradient. @type {Column[]} */
const POINT_COLUMNS = [
  { row: "z", symbol: "z", title: "code", part: "mean" },
  { row: "gradZ", symbol: "∂L/∂z", title: BY_CODE, part: "gradient", colour: ARROWS.z },
];

/**
 * @param {Detail} detail
 * @param {number[]} dims  those with a row
 * @returns {{element: HTMLElement, fill: (n: number) => void}}
 */
export function latentTable(detail, dims) {
  const columns = detail.isGaussian ? COLUMNS : POINT_COLUMNS;
  const cells = dims.map(() => columns.map(({ part }) => element("td", { "data-part": part })));
  const head = columns.map(({ symbol, title, part, colour }) => {
    const cell = element("th", { scope: "col", title, "data-part": part }, symbol);
    if (colour) cell.style.boxShadow = `inset 0 -2px ${colour}`;
    return cell;
  });
  const table = element(
    "table",
    { class: "le-slow-table le-numbers" },
    element("caption", { class: "le-unseen" }, "The code of the chosen image, dimension by dimension"),
    element("thead", {}, element("tr", {}, element("td", {}), ...head)),
    element(
      "tbody",
      {},
      ...dims.map((d, row) =>
        element("tr", {}, element("th", { scope: "row" }, dimensionName(d)), ...cells[row])
      ),
    ),
  );
  return {
    element: table,
    fill: (n) =>
      dims.forEach((d, row) =>
        columns.forEach(({ row: name }, column) =>
          setText(cells[row][column], fixed(detail.row(name, n)?.[d] ?? NaN))
        )
      ),
  };
}

/** @param {Detail} detail */
export function lossBars(detail) {
  const names = detail.isGaussian ? ["−log p(x|z)", "β KL"] : ["−log p(x|z)"];
  const rows = names.map((name) => barRow(name));
  const bars = rows.map((row) => row.element);
  const node = element("div", { class: "le-slow-bars", "data-part": "loss" }, ...bars);
  return { element: node, rows };
}

/** @param {ReturnType<typeof lossBars>} loss @param {Detail} detail @param {number} n */
export function fillLoss({ rows }, detail, n) {
  const { reconstruction, kl, total } = detail.loss(n);
  const terms = [reconstruction, kl === null ? 0 : detail.beta * kl];
  rows.forEach((row, k) =>
    row.setAmount(terms[k], Math.max(Math.abs(total), ...terms.map(Math.abs)), "nats")
  );
}

/** @param {Detail} detail */
export function weightBars(detail) {
  const names = Object.keys(detail.weightChange);
  const rows = names.map((name) => barRow(name));
  const attributes = { class: "le-slow-bars le-slow-weights", "data-part": "weights" };
  const node = element("div", attributes, ...rows.map((row) => row.element));
  return { element: node, rows };
}

/** @param {ReturnType<typeof weightBars>} weights @param {Detail} detail */
export function fillWeights({ rows }, detail) {
  const lengths = Object.values(detail.weightChange);
  rows.forEach((row, k) => row.setAmount(lengths[k], Math.max(...lengths), ""));
}

/**
 * @typedef {object} BarRow
 * @property {HTMLElement} element
 * @property {(amount: number, most: number, unit: string) => void} setAmount  `most` fills the track
 */

/** @param {string} name @returns {BarRow} */
function barRow(name) {
  const bar = element("span", { class: "le-slow-bar", "aria-hidden": "true" });
  const value = element("span", { class: "le-slow-value" });
  return {
    element: element(
      "div",
      { class: "le-slow-row le-numbers" },
      element("span", { class: "le-one-line", title: name }, name),
      element("span", { class: "le-slow-track" }, bar),
      value,
    ),
    setAmount: (amount, most, unit) => {
      bar.style.transform = `scaleX(${most > 0 ? Math.max(0, amount / most) : 0})`;
      setText(value, `${short(amount)} ${unit}`.trim());
    },
  };
}

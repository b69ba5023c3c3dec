/** The curves in numbers, for who cannot see them. */

import { Readings } from "../../data/series.js";
import { fixed } from "../../dom/format.js";

/** So many rows at most, spread evenly over the readings; the last one is the newest. */
const ROWS = 20;

/** A curve's name, and what stands above its column. @type {Array<[keyof Readings["curves"], string]>} */
const COLUMNS = [
  ["elbo", "ELBO"],
  ["log_likelihood", "Reconstruction"],
  ["kl", "KL"],
];

/**
 * @param {Readings | null} readings  null: there are none yet
 * @returns {import("../../dom/folded-table.js").TableContent} nats per image; what a family has not is left out
 */
export function curvesTable(readings) {
  const { curves } = readings ?? new Readings();
  const columns = COLUMNS.flatMap(([name, title]) => [
    { title, series: curves[name].train },
    { title: `${title}, held out`, series: curves[name].test },
  ]).filter(({ series }) => series.points.length);
  const epochs = spread(curves.log_likelihood.train.points.map(([epoch]) => epoch));
  return {
    head: ["Epoch", ...columns.map(({ title }) => title)],
    rows: epochs.map((epoch) => [
      fixed(epoch),
      ...columns.map(({ series }) => fixed(series.at(epoch) ?? NaN, 1)),
    ]),
  };
}

/** @param {number[]} all @returns {number[]} at most so many, the last one among them */
function spread(all) {
  const count = Math.min(ROWS, all.length);
  if (count < 2) return all.slice(-1);
  return Array.from({ length: count }, (_, k) => all[Math.round((k * (all.length - 1)) / (count - 1))]);
}

/** The curves in numbers, for who cannot see them. */

import { Readings } from "../../data/series.js";
import { fixed } from "../../dom/format.js";

/** So many rows at most, spread evenly over the readings; the last one is the newest. */
const ROWS = 20;

/**
 * @param {Readings | null} readings  null: there are none yet
 * @returns {import("../../dom/folded-table.js").TableContent} in the terms' units; what was not measured is left out
 */
export function curvesTable(readings) {
  const { curves, terms } = readings ?? new Readings([]);
  const columns = terms.flatMap(({ name, title }) => [
    { title, series: curves[name].train },
    { title: `${title}, held out`, series: curves[name].test },
  ]).filter(({ series }) => series.points.length);
  const epochs = spread(columns[0]?.series.points.map(([epoch]) => epoch) ?? []);
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

/**
 * Curves over epochs, drawn by hand on a canvas: a redraw costs well under a millisecond and nothing flickers.
 *
 * Each chart has a line for training and dots for held-out images. Marks are vertical lines with a word, for example
 * where beta was changed.
 */

import { element, setText } from "./dom.js";
import { freshCanvas } from "./drawing.js";
import { SERIES_COLOURS } from "./palette.js";
import { readTheme } from "./theme.js";
import { fixed, short } from "./numbers.js";

/** @typedef {import("./series.js").Series} Series */

const PAD = { left: 46, right: 8, top: 8, bottom: 20 };

/** The first readings are far off: this share of them does not count for the chart's range. */
const OUTLIERS = 0.06;

export class Chart {
  /**
   * @param {string} title
   * @param {string} caption  what is good, in a few words
   * @param {Series} train
   * @param {Series} test
   */
  constructor(title, caption, train, test) {
    Object.assign(this, { title, train, test });
    this.canvas = element("canvas", { role: "img", class: "le-chart-canvas", "aria-label": title });
    this.now = element("span", { class: "le-chart-now" });
    this.element = element(
      "figure",
      { class: "le-chart" },
      element(
        "figcaption",
        {},
        element("strong", {}, title),
        " ",
        this.now,
        element("span", { class: "le-caption" }, caption),
      ),
      this.canvas,
    );
    /** @type {Array<{epoch: number, text: string}>} */
    this.marks = [];
    this.lastEpoch = 1;
  }

  /**
   * @param {import("./theme.js").Theme} theme
   * @param {number} lastEpoch  right end of the chart
   */
  draw(theme, lastEpoch) {
    this.lastEpoch = lastEpoch;
    const [train, test] = [this.train.latest, this.test.latest];
    setText(
      this.now,
      [train, test].every((value) => value === undefined)
        ? ""
        : `${short(train ?? NaN)} · ${short(test ?? NaN)} held out`,
    );
    this.canvas.setAttribute("aria-label", `${this.title}: ${this.now.textContent || "nothing yet"}`);
    const { context, width: wide, height: high } = freshCanvas(this.canvas);
    if (!wide || !high) return;
    const [least, greatest] = this.#range();
    const x = (epoch) => PAD.left + (epoch / lastEpoch) * (wide - PAD.left - PAD.right);
    const y = (value) =>
      high - PAD.bottom - ((value - least) / (greatest - least)) * (high - PAD.top - PAD.bottom);
    this.#axes(context, theme, wide, high, least, greatest, x, y);
    context.save();
    context.beginPath();
    context.rect(PAD.left, 0, wide - PAD.left, high - PAD.bottom + 1);
    context.clip();
    drawMarks(context, theme, this.marks, x, high);
    drawLine(context, this.train.points, SERIES_COLOURS[0], x, y);
    drawLine(context, this.test.points, SERIES_COLOURS[1], x, y);
    drawDots(context, this.test.points, SERIES_COLOURS[1], x, y);
    context.restore();
  }

  /** @returns {[number, number]} of nearly all readings: the very first ones may leave the chart below or above */
  #range() {
    const values = [...this.train.points, ...this.test.points.slice(-100)]
      .map(([, value]) => value)
      .sort((a, b) => a - b);
    if (!values.length) return [0, 1];
    const at = (share) => values[Math.round(share * (values.length - 1))];
    const few = values.length < 12;
    const isRising = (this.train.points[0]?.[1] ?? 0) <= (this.train.latest ?? 0);
    const least = few || !isRising ? values[0] : at(OUTLIERS);
    const greatest = few || isRising ? values[values.length - 1] : at(1 - OUTLIERS);
    const room = (greatest - least) * 0.08 || Math.abs(greatest) * 0.05 || 1;
    return [least - room, greatest + room];
  }

  #axes(context, theme, wide, high, least, greatest, x, y) {
    context.font = `11px ${theme.font}`;
    context.fillStyle = theme.muted;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const values = ticks(least, greatest, Math.max(2, Math.floor(high / 42)));
    for (const value of values) {
      const at = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(PAD.left, at);
      context.lineTo(wide - PAD.right, at);
      context.stroke();
      context.fillText(tickText(value, values), PAD.left - 6, at);
    }
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    const epochs = ticks(0, this.lastEpoch, 4);
    for (const epoch of epochs) {
      if (epoch === 0 || epoch > this.lastEpoch * 0.93) continue;
      context.fillText(tickText(epoch, epochs), x(epoch), high - 5);
    }
    context.textAlign = "right";
    context.fillText("epoch", wide - PAD.right, high - 5);
  }
}

/** Charts that are drawn together, at most once a frame. */
export class Charts {
  /** @param {Chart[]} charts */
  constructor(charts) {
    this.charts = charts;
    const key = (colour, text) => {
      const swatch = element("span", { class: "le-swatch", "aria-hidden": "true" });
      swatch.style.backgroundColor = colour;
      return element("span", { class: "le-key" }, swatch, text);
    };
    this.element = element(
      "section",
      { class: "le-charts", "aria-label": "Curves" },
      ...charts.map((chart) => chart.element),
      element(
        "div",
        { class: "le-keys le-caption" },
        key(SERIES_COLOURS[0], "training images"),
        key(SERIES_COLOURS[1], "held-out images"),
      ),
    );
    this.lastEpoch = 1;
    this.request = 0;
    this.resizes = new ResizeObserver(() => this.draw());
    this.resizes.observe(this.element);
  }

  /** @param {number} [lastEpoch] */
  draw(lastEpoch = this.lastEpoch) {
    this.lastEpoch = Math.max(1e-3, lastEpoch);
    this.request ||= requestAnimationFrame(() => {
      this.request = 0;
      this.theme ??= readTheme(this.element);
      for (const chart of this.charts) chart.draw(this.theme, this.lastEpoch);
    });
  }

  /** The theme changed. */
  recolour() {
    this.theme = null;
    this.draw();
  }

  close() {
    cancelAnimationFrame(this.request);
    this.resizes.disconnect();
  }
}

/**
 * @param {number} least
 * @param {number} greatest
 * @param {number} count  about so many
 * @returns {number[]} round numbers in between
 */
export function ticks(least, greatest, count) {
  const rough = (greatest - least) / Math.max(1, count);
  if (!(rough > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((candidate) => candidate >= rough);
  const out = [];
  for (let k = Math.ceil(least / step); k * step <= greatest; k++) out.push(k * step);
  return out;
}

/** @param {number} value @param {number[]} all @returns {string} with as many decimals as the ticks' distance needs */
function tickText(value, all) {
  const distance = all.length > 1 ? all[1] - all[0] : Math.abs(value) || 1;
  return fixed(value, Math.min(6, Math.max(0, -Math.floor(Math.log10(distance) + 1e-9))));
}

function drawLine(context, points, colour, x, y) {
  if (points.length < 2) return;
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.beginPath();
  points.forEach(([epoch, value], n) =>
    n ? context.lineTo(x(epoch), y(value)) : context.moveTo(x(epoch), y(value)),
  );
  context.stroke();
}

function drawDots(context, points, colour, x, y) {
  if (points.length > 60) return;
  context.fillStyle = colour;
  for (const [epoch, value] of points) {
    context.beginPath();
    context.arc(x(epoch), y(value), 3, 0, 2 * Math.PI);
    context.fill();
  }
}

function drawMarks(context, theme, marks, x, high) {
  context.save();
  context.setLineDash([3, 3]);
  context.strokeStyle = theme.muted;
  context.fillStyle = theme.muted;
  context.font = `11px ${theme.font}`;
  context.textAlign = "left";
  context.textBaseline = "top";
  for (const { epoch, text } of marks) {
    const at = Math.round(x(epoch)) + 0.5;
    context.beginPath();
    context.moveTo(at, 0);
    context.lineTo(at, high);
    context.stroke();
    context.fillText(text, at + 4, 2);
  }
  context.restore();
}

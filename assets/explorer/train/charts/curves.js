/**
 * Curves over epochs, drawn by hand on a canvas: a redraw costs well under a millisecond and nothing flickers.
 *
 * Each chart has a line for training and dots for held-out images; paler beside them those of the run that this one
 * branched from. Marks are dashed lines with a word, where a setting was changed. A solid line stands at the moment
 * that is shown.
 */

import { Series } from "../../data/series.js";
import { freshCanvas } from "../../dom/canvas.js";
import { element, setText } from "../../dom/dom.js";
import { short } from "../../dom/format.js";
import { SERIES_COLOURS } from "../../dom/palette.js";
import { readTheme } from "../../dom/theme.js";
import { ticks, tickText } from "../../dom/ticks.js";
import { chartFigure } from "./chart-figure.js";
import { drawDots, drawLine, drawMarkLines, drawMarkWords, drawMoment, markRoom } from "./curve-drawing.js";

/** @typedef {import("../../data/series.js").Curve} Curve */
/** @typedef {import("../../data/series.js").Readings} Readings */
/** @typedef {import("../../data/messages.js").Mark} Mark */
/** @typedef {import("../../dom/theme.js").Theme} Theme */
/** @typedef {import("./curve-drawing.js").Scale} Scale */

/** Room for the axes' numbers around the curves, in px. */
const PAD = { left: 52, right: 8, top: 8, bottom: 22 };

/** Size of the numbers on the axes, in px: they are read from the back row. */
const TICK_SIZE = 13;

/** The first readings are far off: this share of them does not count for the chart's range. */
const OUTLIERS = 0.1;

export class Chart {
  /** @param {string} title @param {string} caption  what is good, in a few words */
  constructor(title, caption) {
    this.title = title;
    this.canvas = element("canvas", { role: "img", class: "le-chart-canvas", "aria-label": title });
    const figure = chartFigure(title, caption, this.canvas);
    this.element = figure.element;
    this.now = figure.now;
    /** @type {Curve} */
    this.curve = { train: new Series(), test: new Series() };
    /** Of the run that this one branched from. @type {Curve | null} */
    this.parent = null;
    /** @type {Mark[]} */
    this.marks = [];
    /** The moment that is shown, in epochs; null: now. @type {number | null} */
    this.moment = null;
    this.lastEpoch = 1;
  }

  /**
   * @param {Theme} theme
   * @param {number} lastEpoch    right end of the chart
   * @param {boolean} hasWords    whether its marks say what was changed
   */
  draw(theme, lastEpoch, hasWords) {
    this.lastEpoch = lastEpoch;
    this.#describe();
    const { context, width: wide, height: high } = freshCanvas(this.canvas);
    if (!wide || !high) return;
    const { curve, parent, moment } = this;
    const [least, greatest] = this.#range();
    /** @type {Scale} */
    const x = (epoch) => PAD.left + (epoch / lastEpoch) * (wide - PAD.left - PAD.right);
    const top = PAD.top + (hasWords ? markRoom(this.marks) : 0);
    /** @type {Scale} */
    const y = (value) =>
      high - PAD.bottom - ((value - least) / (greatest - least)) * (high - top - PAD.bottom);
    this.#drawAxes(context, theme, { wide, high, least, greatest, x, y });
    context.save();
    context.beginPath();
    context.rect(PAD.left, 0, wide - PAD.left, high - PAD.bottom + 1);
    context.clip();
    drawMarkLines(context, theme, this.marks, x, high - PAD.bottom);
    if (parent) {
      context.globalAlpha = 0.35;
      drawLine(context, parent.train.points, SERIES_COLOURS[0], x, y);
      drawLine(context, parent.test.points, SERIES_COLOURS[1], x, y);
      context.globalAlpha = 1;
    }
    drawLine(context, curve.train.points, SERIES_COLOURS[0], x, y);
    drawLine(context, curve.test.points, SERIES_COLOURS[1], x, y);
    drawDots(context, curve.test.points, SERIES_COLOURS[1], x, y);
    if (hasWords) drawMarkWords(context, theme, this.marks, x, wide);
    if (moment !== null) {
      drawMoment(context, theme, x(moment), high - PAD.bottom, [
        [y(curve.train.at(moment) ?? NaN), SERIES_COLOURS[0]],
        [y(curve.test.at(moment) ?? NaN), SERIES_COLOURS[1]],
      ]);
    }
    context.restore();
  }

  /** The numbers of the moment that is shown, for the eye and the ear. */
  #describe() {
    const { moment } = this;
    const { train, test } = this.curve;
    const values = moment === null ? [train.latest, test.latest] : [train.at(moment), test.at(moment)];
    const isEmpty = values.every((value) => value === undefined);
    const heldOut = test.points.length ? ` · ${short(values[1] ?? NaN)} held out` : ""; // some have none ever
    setText(this.now, isEmpty ? "" : `${short(values[0] ?? NaN)}${heldOut}`);
    const marks = this.marks.map(({ text }) => text).join("; ");
    const label = [
      `${this.title}: ${this.now.textContent || "nothing yet"}`,
      this.parent ? "Paler: the run that this one branched from" : "",
      marks ? `Marks: ${marks}` : "",
    ];
    const text = label.filter(Boolean).join(". ");
    if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text);
  }

  /** @returns {[number, number]} of nearly all readings: the very first ones may leave the chart below or above */
  #range() {
    const { train, test } = this.curve;
    const values = [
      ...train.points,
      ...test.points.slice(-100),
      ...(this.parent ? [...this.parent.train.points, ...this.parent.test.points] : []),
    ]
      .map(([, value]) => value)
      .sort((a, b) => a - b);
    if (!values.length) return [0, 1];
    const at = (/** @type {number} */ share) => values[Math.round(share * (values.length - 1))];
    const few = values.length < 12;
    const isRising = (train.points[0]?.[1] ?? 0) <= (train.latest ?? 0);
    const least = few || !isRising ? values[0] : at(OUTLIERS);
    const greatest = few || isRising ? values[values.length - 1] : at(1 - OUTLIERS);
    const room = (greatest - least) * 0.08 || Math.abs(greatest) * 0.05 || 1;
    return [least - room, greatest + room];
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Theme} theme
   * @param {{wide: number, high: number, least: number, greatest: number, x: Scale, y: Scale}} chart  its size in px,
   *     and its range
   */
  #drawAxes(context, theme, { wide, high, least, greatest, x, y }) {
    context.font = `${TICK_SIZE}px ${theme.font}`;
    context.fillStyle = theme.muted;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const values = ticks(least, greatest, Math.max(3, Math.floor(high / 34)));
    for (const value of values) {
      const at = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(PAD.left, at);
      context.lineTo(wide - PAD.right, at);
      context.stroke();
      context.fillText(tickText(value, values), PAD.left - 6, at);
    }
    context.textBaseline = "alphabetic";
    context.fillText("epoch", wide - PAD.right, high - 4);
    const free = wide - PAD.right - context.measureText("epoch").width - 8;
    context.textAlign = "center";
    const epochs = ticks(0, this.lastEpoch, 4);
    for (const epoch of epochs) {
      const text = tickText(epoch, epochs);
      if (epoch === 0 || x(epoch) + context.measureText(text).width / 2 > free) continue;
      context.fillText(text, x(epoch), high - 4);
    }
  }
}

/** Charts that are drawn together, at most once a frame. */
export class Charts {
  constructor() {
    /** @type {Chart[]} */
    this.charts = [];
    /** What the charts are of. @type {import("../../data/messages.js").Term[]} */
    this.terms = [];
    this.parentKey = key("the run before the branch", "le-swatch-pale");
    this.parentKey.hidden = true;
    this.element = element(
      "section",
      { class: "le-charts", "aria-label": "Curves" },
      element(
        "div",
        { class: "le-keys le-caption" },
        key("training", "le-swatch-train"),
        key("held out", "le-swatch-test"),
        this.parentKey,
      ),
    );
    this.lastEpoch = 1;
    this.request = 0;
    /** @type {Theme | null} */
    this.theme = null;
    this.resizes = new ResizeObserver(() => this.draw());
    this.resizes.observe(this.element);
  }

  /**
   * Take a run's curves, a chart for each of its terms.
   *
   * @param {Readings} readings
   * @param {Readings | null} parent   those of the run that it branched from
   */
  setCurves({ curves, terms }, parent) {
    this.parentKey.hidden = !parent;
    if (String(terms.map(heading)) !== String(this.terms.map(heading))) {
      for (const chart of this.charts) chart.element.remove();
      this.charts = terms.map((term) => new Chart(term.title, term.caption));
      this.element.prepend(...this.charts.map((chart) => chart.element));
    }
    this.terms = terms;
    this.charts.forEach((chart, n) => {
      const { name } = terms[n];
      Object.assign(chart, { curve: curves[name], parent: parent?.curves[name] ?? null, moment: null });
    });
  }

  /** @param {Mark[]} marks */
  setMarks(marks) {
    for (const chart of this.charts) chart.marks = marks;
    this.draw();
  }

  /** Say where in the run the moment is that is shown. @param {number | null} epoch  null: now */
  setMoment(epoch) {
    for (const chart of this.charts) chart.moment = epoch;
    this.draw();
  }

  /** @param {number} [lastEpoch] */
  draw(lastEpoch = this.lastEpoch) {
    this.lastEpoch = Math.max(1e-3, lastEpoch);
    this.request ||= requestAnimationFrame(() => {
      this.request = 0;
      const theme = (this.theme ??= readTheme(this.element));
      // The charts stand together: the words at the topmost one's marks do for all.
      const tops = this.charts.map((chart) => chart.element.offsetTop);
      const topmost = tops.indexOf(Math.min(...tops));
      this.charts.forEach((chart, n) => chart.draw(theme, this.lastEpoch, n === topmost));
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

/** @param {string} text @param {string} swatch  class of its swatch */
function key(text, swatch) {
  return element(
    "span",
    { class: "le-key" },
    element("span", { class: `le-swatch ${swatch}`, "aria-hidden": "true" }),
    text,
  );
}

/** @param {import("../../data/messages.js").Term} term @returns {string} what stands above its chart */
function heading({ title, caption }) {
  return `${title}: ${caption}`;
}

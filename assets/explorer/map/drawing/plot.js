/** Plotly's part of the map: axes, pan, zoom, and the points while they rest. */

import { MARGIN } from "../scene/viewport.js";
import { POINT_OPACITY, pointSize } from "../scene/moving-points.js";
import { freeWebGl, hasWebGl, loadPlotly } from "./plotly-loader.js";

/** @typedef {import("../scene/viewport.js").Viewport} Viewport */
/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../../dom/theme.js").Theme} Theme */
/** @typedef {import("../scene/colouring.js").Group} Group */
/** @typedef {import("./plotly-loader.js").Plotly} Plotly */
/** @typedef {import("./plotly-loader.js").PlotlyAxis} PlotlyAxis */
/** @typedef {import("./plotly-loader.js").PlotlyGraph} PlotlyGraph */
/** @typedef {import("./plotly-loader.js").PlotlyLayout} PlotlyLayout */
/** @typedef {import("./plotly-loader.js").PlotlyTrace} PlotlyTrace */

/** The class of a plot whose grid is not to be seen. */
const NO_GRID = "le-no-grid";

/** So many cells of a grid are named at most, to each side. */
const MOST_TICKS = 12;

export class Plot {
  /**
   * @param {HTMLElement} host
   * @param {Viewport} viewport  shared: pan and zoom are written into it
   * @param {object} tell
   * @param {() => void} tell.onMove   while and after the ranges change
   * @param {() => void} tell.onDrawn  when what was asked for is to be seen
   * @param {() => void} tell.onHome   when someone wants to see all of it
   */
  constructor(host, viewport, { onMove, onDrawn, onHome }) {
    this.host = host;
    this.viewport = viewport;
    this.onMove = onMove;
    this.onDrawn = onDrawn;
    this.onHome = onHome;
    /** The library; null until it has drawn the axes for the first time. @type {Plotly | null} */
    this.plotly = null;
    /** What it has drawn in. @type {PlotlyGraph | null} */
    this.graph = null;
    this.isClosed = false;
    this.hasWebGl = true;
    /** Whether it shows the points now. */
    this.hasPoints = false;
    /** Drawing takes tens of milliseconds: one at a time, the newest request wins. @type {(() => Promise<void>) | null} */
    this.next = null;
    this.isDrawing = false;
  }

  /**
   * @param {string} url  of Plotly.js
   * @param {Axes} axes
   * @param {Theme} theme
   */
  async start(url, axes, theme) {
    const plotly = await loadPlotly(url);
    if (this.isClosed) return;
    this.hasWebGl = hasWebGl();
    const graph = await plotly.newPlot(this.host, [], this.#layout(axes, theme), {
      displaylogo: false,
      scrollZoom: true,
      doubleClick: false,
      modeBarButtons: [
        ["zoom2d", "pan2d"],
        ["zoomIn2d", "zoomOut2d", { name: "Show all", icon: plotly.Icons.home, click: () => this.onHome() }],
      ],
    });
    if (this.isClosed) {
      plotly.purge(this.host);
      return;
    }
    this.plotly = plotly;
    this.graph = graph;
    graph.on("plotly_relayouting", () => this.#readRanges());
    graph.on("plotly_relayout", () => this.#readRanges());
  }

  /** Whether Plotly is there and draws. */
  get isReady() {
    return this.plotly !== null;
  }

  /** Hide the grid, or show it again: pictures lie there. A style does it, which Plotly need not draw for. @param {boolean} isHidden */
  hideGrid(isHidden) {
    this.host.classList.toggle(NO_GRID, isHidden);
  }

  /**
   * Draw axes and points as they are now.
   *
   * @param {Axes} axes
   * @param {Theme} theme
   * @param {Group[]} groups              those to be seen; none while the light canvas draws them
   * @param {Float32Array} positions      (N, 2)
   */
  draw(axes, theme, groups, positions) {
    const { plotly, graph } = this;
    if (!plotly || !graph) return;
    this.next = async () => {
      const traces = groups.map((group) => this.#trace(group, positions));
      await plotly.react(graph, traces, this.#layout(axes, theme));
      this.hasPoints = groups.length > 0;
    };
    this.#drain();
  }

  /** @returns {Promise<SVGElement>} the axes alone, as large as the drawing; rejected before Plotly is there */
  async axesSvg() {
    const { plotly, graph } = this;
    if (!plotly || !graph) throw new Error("Plotly.js is not there yet.");
    const { layout } = graph;
    const { width, height } = layout;
    const url = await plotly.toImage({ data: [], layout }, { format: "svg", width, height });
    const text = decodeURIComponent(url.slice(url.indexOf(",") + 1));
    const drawing = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    if (!(drawing instanceof SVGElement)) throw new Error("Plotly.js made no SVG.");
    if (this.host.classList.contains(NO_GRID)) {
      for (const grid of drawing.querySelectorAll(".gridlayer")) grid.remove();
    }
    return document.importNode(drawing, true);
  }

  close() {
    this.isClosed = true;
    this.next = null;
    if (this.plotly) {
      for (const canvas of this.host.querySelectorAll("canvas")) {
        if (canvas.classList.contains("gl-canvas")) freeWebGl(canvas);
      }
      this.plotly.purge(this.host);
    }
    this.plotly = this.graph = null;
  }

  async #drain() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    try {
      while (this.next && this.plotly) {
        const draw = this.next;
        this.next = null;
        await draw();
      }
    } finally {
      this.isDrawing = false; // also after a drawing that failed: the next one may not
    }
    if (this.plotly) this.onDrawn();
  }

  /** @param {Group} group @param {Float32Array} positions @returns {PlotlyTrace} */
  #trace(group, positions) {
    const x = Float32Array.from(group.indices, (n) => positions[2 * n]);
    const y = Float32Array.from(group.indices, (n) => positions[2 * n + 1]);
    return {
      type: this.hasWebGl ? "scattergl" : "scatter",
      mode: "markers",
      name: escapeMarkup(group.name),
      x,
      y,
      hoverinfo: "skip",
      marker: {
        size: pointSize(positions.length / 2, this.viewport),
        color: group.colour,
        opacity: POINT_OPACITY,
        line: { width: 0 },
      },
    };
  }

  /** @param {Axes} axes @param {Theme} theme @returns {PlotlyLayout} */
  #layout(axes, theme) {
    const { viewport } = this;
    /** @type {(title: string, range: [number, number]) => PlotlyAxis} */
    const axis = (title, range) => ({
      title: { text: markup(title), standoff: 6, font: { size: 13 } },
      range,
      showticklabels: axes.hasUnits,
      showgrid: axes.hasUnits && !axes.cells,
      gridcolor: theme.line,
      zeroline: axes.hasUnits && !axes.cells,
      zerolinecolor: theme.muted,
      zerolinewidth: 1,
      tickfont: { size: 12 },
      ...(axes.cells ? { tickvals: title ? cellTicks(axes.cells.corners[2]) : [] } : { nticks: 7 }),
      showline: true,
      mirror: true,
      linecolor: theme.line,
      linewidth: 1,
      fixedrange: false,
    });
    return {
      width: viewport.width + MARGIN.left + MARGIN.right,
      height: viewport.height + MARGIN.top + MARGIN.bottom,
      margin: { l: MARGIN.left, r: MARGIN.right, t: MARGIN.top, b: MARGIN.bottom, autoexpand: false },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: theme.font, color: theme.muted, size: 12 },
      xaxis: axis(axes.titles[0], [viewport.x0, viewport.x1]),
      yaxis: {
        ...axis(axes.titles[1], [viewport.y0, viewport.y1]),
        scaleanchor: "x",
        scaleratio: 1,
        constrain: "range",
      },
      dragmode: this.graph?._fullLayout?.dragmode ?? "pan",
      hovermode: false,
      showlegend: false,
      modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.muted, activecolor: theme.accent },
    };
  }

  /** Pan, zoom and reset end here: from Plotly's ranges to the shared viewport. */
  #readRanges() {
    const full = this.graph?._fullLayout;
    if (!full?.xaxis) return;
    this.viewport.ranges = [...full.xaxis.range, ...full.yaxis.range];
    this.onMove();
  }
}

/** @param {number} end  of a grid of cells @returns {number[]} numbers of categories that are written at it */
function cellTicks(end) {
  const step = Math.ceil(end / MOST_TICKS);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, n) => n * step);
}

/** A dimension's name gets its number as an index. @param {string} title */
function markup(title) {
  return escapeMarkup(title).replace(/^z(\d+)$/, "<i>z</i><sub>$1</sub>");
}

/** Plotly reads a small HTML in its texts. @param {string} text */
function escapeMarkup(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** Bring in Plotly.js, once, when a map wants it: 5 MB that no picture and no slider waits for. */

/**
 * @typedef {object} PlotlyAxis
 * @property {{text: string, standoff: number, font: {size: number}}} title  its text in Plotly's small HTML
 * @property {[number, number]} range  the values at its two ends
 * @property {boolean} showticklabels
 * @property {boolean} showgrid
 * @property {string} gridcolor
 * @property {boolean} zeroline
 * @property {string} zerolinecolor
 * @property {number} zerolinewidth
 * @property {{size: number}} tickfont
 * @property {number} [nticks]         at most so many ticks
 * @property {number[]} [tickvals]     or just these
 * @property {boolean} showline
 * @property {boolean} mirror          whether its line is drawn on the opposite side too
 * @property {string} linecolor
 * @property {number} linewidth
 * @property {boolean} fixedrange      whether pan and zoom leave it alone
 * @property {"x"} [scaleanchor]       the axis whose units are as long as this one's
 * @property {number} [scaleratio]     of its unit to the other axis's
 * @property {"range"} [constrain]     what gives way where both cannot be had: the range, not the drawing's size
 */

/**
 * @typedef {object} PlotlyLayout
 * @property {number} width            of the whole drawing, px
 * @property {number} height
 * @property {{l: number, r: number, t: number, b: number, autoexpand: boolean}} margin  px
 * @property {string} paper_bgcolor
 * @property {string} plot_bgcolor
 * @property {{family: string, color: string, size: number}} font
 * @property {PlotlyAxis} xaxis
 * @property {PlotlyAxis} yaxis
 * @property {string} dragmode         what dragging does: "pan" or "zoom"
 * @property {false} hovermode
 * @property {boolean} showlegend
 * @property {{bgcolor: string, color: string, activecolor: string}} modebar
 */

/**
 * @typedef {object} PlotlyTrace       points of one colour
 * @property {"scattergl" | "scatter"} type
 * @property {"markers"} mode
 * @property {string} name             in Plotly's small HTML
 * @property {Float32Array} x          (K,)
 * @property {Float32Array} y          (K,)
 * @property {"skip"} hoverinfo
 * @property {{size: number, color: string, opacity: number, line: {width: number}}} marker
 */

/** @typedef {object} PlotlyIcon */

/** @typedef {string | {name: string, icon: PlotlyIcon, click: () => void}} PlotlyButton  one of Plotly's by name, or an own one */

/**
 * @typedef {object} PlotlyConfig
 * @property {boolean} displaylogo
 * @property {boolean} scrollZoom
 * @property {false} doubleClick
 * @property {PlotlyButton[][]} modeBarButtons  in groups
 */

/**
 * @typedef {object} PlotlyEvents
 * @property {(event: "plotly_relayout" | "plotly_relayouting", listener: () => void) => void} on
 * @property {PlotlyLayout} layout          as it was asked for
 * @property {PlotlyLayout} [_fullLayout]   as it is drawn; gone once the graph is purged
 */

/** @typedef {HTMLElement & PlotlyEvents} PlotlyGraph  an element that Plotly has drawn in */

/**
 * @typedef {object} Plotly  what we use of the library
 * @property {(host: HTMLElement, traces: PlotlyTrace[], layout: PlotlyLayout, config: PlotlyConfig) => Promise<PlotlyGraph>} newPlot
 * @property {(graph: PlotlyGraph, traces: PlotlyTrace[], layout: PlotlyLayout) => Promise<PlotlyGraph>} react
 * @property {(figure: {data: PlotlyTrace[], layout: PlotlyLayout}, format: {format: "svg", width: number, height: number}) => Promise<string>} toImage
 *     gives a data URL
 * @property {(host: HTMLElement) => void} purge
 * @property {{home: PlotlyIcon}} Icons
 */

/** @type {Promise<Plotly> | null} */
let loading = null;

/**
 * @param {string} url
 * @returns {Promise<Plotly>} the library; rejected if it cannot be had
 */
export function loadPlotly(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const fail = (/** @type {string} */ sentence) => {
      script.remove(); // the next try brings its own
      reject(new Error(sentence));
    };
    script.src = url;
    script.async = true;
    script.onload = () => {
      const { Plotly } = /** @type {typeof globalThis & {Plotly?: Plotly}} */ (globalThis);
      if (Plotly) resolve(Plotly);
      else fail("Plotly.js did not start.");
    };
    script.onerror = () => fail("Plotly.js could not be fetched.");
    document.head.append(script);
  });
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

/** @type {boolean | null} */
let webGl = null;

/** @returns {boolean} whether this browser can draw with WebGL */
export function hasWebGl() {
  if (webGl === null) {
    const canvas = document.createElement("canvas");
    webGl = canvas.getContext("webgl") !== null;
    freeWebGl(canvas);
  }
  return webGl;
}

/** Give a canvas's WebGL context back at once: a browser has only some of them. @param {HTMLCanvasElement} canvas */
export function freeWebGl(canvas) {
  canvas.getContext("webgl")?.getExtension("WEBGL_lose_context")?.loseContext();
}

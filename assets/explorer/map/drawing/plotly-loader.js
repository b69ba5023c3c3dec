/** Bring in Plotly.js, once, when a map wants it: 5 MB that no picture and no slider waits for. */

/** @type {Promise<any> | null} */
let loading = null;

/**
 * @param {string} url
 * @returns {Promise<any>} the library; rejected if it cannot be had
 */
export function loadPlotly(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const fail = (sentence) => {
      script.remove(); // the next try brings its own
      reject(new Error(sentence));
    };
    script.src = url;
    script.async = true;
    script.onload = () => (globalThis.Plotly ? resolve(globalThis.Plotly) : fail("Plotly.js did not start."));
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

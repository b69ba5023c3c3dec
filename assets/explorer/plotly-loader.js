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
    script.src = url;
    script.async = true;
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("Plotly.js did not start.")));
    script.onerror = () => reject(new Error("Plotly.js could not be fetched."));
    document.head.append(script);
  });
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

/** @returns {boolean} whether this browser can draw with WebGL */
export function hasWebGl() {
  try {
    const context = document.createElement("canvas").getContext("webgl");
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    return context !== null;
  } catch {
    return false;
  }
}

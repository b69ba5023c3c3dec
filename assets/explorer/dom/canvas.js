/** Canvases that are drawn by hand, at the screen's own resolution. */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]  heeded the first time a canvas is asked
 * @returns {CanvasRenderingContext2D}
 * @throws {Error} if the canvas has a context of another kind, or the browser has no memory left for one
 */
export function drawingContext(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("This canvas cannot be drawn on.");
  return context;
}

/**
 * Clear a canvas, sized for the screen's pixels as it is laid out now, and scale it to CSS pixels.
 *
 * @param {HTMLCanvasElement} canvas
 * @returns {{context: CanvasRenderingContext2D, width: number, height: number}} in CSS pixels
 */
export function freshCanvas(canvas) {
  const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
  const { clientWidth: width, clientHeight: height } = canvas;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = drawingContext(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** @returns {boolean} whether the reader asked for less motion */
export function prefersLessMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * @param {() => void} onChange
 * @returns {() => void} stop watching
 */
export function watchPixelRatio(onChange) {
  const control = new AbortController();
  /** A query knows one ratio: it tells that this does not hold any more, and then the next one is asked. */
  const ask = () => {
    matchMedia(`(resolution: ${globalThis.devicePixelRatio}dppx)`).addEventListener(
      "change",
      () => {
        ask();
        onChange();
      },
      { once: true, signal: control.signal },
    );
  };
  ask();
  return () => control.abort();
}

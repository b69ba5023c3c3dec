/** Canvases that are drawn by hand, at the screen's own resolution. */

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
  const context = canvas.getContext("2d");
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
  /** A query knows one ratio: that it does not hold any more is the news, and then the next one is asked. */
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

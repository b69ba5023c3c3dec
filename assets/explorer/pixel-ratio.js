/** Say when the screen's pixels have another size: the window has gone to another screen, or the browser zooms. */

/**
 * @param {() => void} onChange
 * @returns {() => void} stop watching
 */
export function watchPixelRatio(onChange) {
  const control = new AbortController();
  /** A query knows one ratio: that it does not hold any more is the news, and then the next one is asked. */
  const ask = () => {
    matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener(
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

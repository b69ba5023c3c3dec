/** The worker that draws strips, grids and the pictures of slow nets. */

import { kernels } from "./kernels/kernels.js";
import { DecodeQueue } from "./queue.js";

/** How long it decodes before newer orders are heard, in ms. */
const SLICE = 8;

const queue = new DecodeQueue(
  (answer) => {
    const parts = answer.pixels ? [answer.rgba.buffer, answer.pixels.buffer] : [answer.rgba.buffer];
    self.postMessage(answer, { transfer: parts });
  },
  SLICE,
);

const ready = kernels();

// An error that nobody catches tells the page to decode for itself.
self.onmessage = ({ data }) => ready.then(() => queue.obey(data)).catch(reportError);

self.postMessage({ channel: "ready" });

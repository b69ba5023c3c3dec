/** The worker that draws strips, grids and the pictures of slow nets. */

import { kernels } from "./kernels/kernels.js";
import { DecodeQueue } from "./queue.js";

/** How long it decodes before newer orders are heard, in ms. */
const SLICE = 8;

const queue = new DecodeQueue(
  (answer) => self.postMessage(answer, { transfer: [answer.rgba.buffer] }),
  SLICE,
);

const ready = kernels();

// An error that nobody catches tells the page to decode for itself.
self.onmessage = ({ data }) => ready.then(() => queue.obey(data)).catch(reportError);

self.postMessage({ channel: "ready" });

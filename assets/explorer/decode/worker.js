/** The worker that draws strips, grids and the pictures of slow nets. */

import { DecodeQueue } from "./queue.js";

/** How long it decodes before newer orders are heard, in ms. */
const SLICE = 8;

const queue = new DecodeQueue(
  (answer) => self.postMessage(answer, { transfer: [answer.rgba.buffer] }),
  SLICE,
);

self.onmessage = ({ data }) => queue.obey(data);

self.postMessage({ channel: "ready" });

/** The worker that draws strips, grids and the pictures of slow nets. */

import { DecodeQueue } from "./queue.js";

const queue = new DecodeQueue((answer) => self.postMessage(answer, [answer.rgba.buffer]), 8);

self.onmessage = ({ data }) => {
  if (data.type === "load") queue.load(data.model, data.config, data.weights);
  else if (data.type === "drop") queue.drop(data.model);
  else if (data.type === "cancel") queue.cancel(data.channel);
  else queue.post(data.request);
};

self.postMessage({ channel: "ready" });

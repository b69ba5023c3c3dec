/** Hand a file to the reader. */

import { element } from "./dom.js";

/** For so long the browser may take its time to read it, in ms. */
const KEPT = 10_000;

/** @param {string} name  of the file @param {Blob} content */
export function download(name, content) {
  const href = URL.createObjectURL(content);
  const link = element("a", { href, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), KEPT);
}

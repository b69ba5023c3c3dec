/** Make elements. Whatever comes from data goes in as text, never as HTML. */

/** @typedef {{[Type in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Type]) => unknown}} Listeners */

/**
 * @typedef {Listeners & Record<string, unknown>} Attributes  `class`, `role`, `data-role`, ...; a function is an event
 *     listener, `true` an attribute without a value; `null`, `undefined` and `false` are left out
 */

/**
 * Make an element.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string | number | null | undefined)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, /** @type {EventListener} */ (value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  const wanted = children.filter((child) => child !== null && child !== undefined);
  node.append(...wanted.map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

/**
 * @param {string} text
 * @param {string} title  what it does, in a sentence
 * @param {(event: PointerEvent) => void} click
 * @returns {HTMLButtonElement}
 */
export function textButton(text, title, click) {
  return element("button", { type: "button", title, click }, text);
}

/**
 * Set an element's text only when it changed, so that a readout written on every move costs nothing at rest.
 *
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {number} dim @returns {HTMLElement} a latent dimension's name, its number as an index */
export function dimensionName(dim) {
  return element(
    "span",
    { class: "le-dimension", "aria-label": `z${dim}` },
    element("i", {}, "z"),
    element("sub", {}, dim),
  );
}

let lastId = 0;

/** @param {string} stem @returns {string} an id that is nowhere else on the page */
export function uniqueId(stem) {
  lastId += 1;
  return `latent-explorer-${stem}-${lastId}`;
}

/** How long a file's content is kept for the browser to read, in ms. */
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

/** A lesson's text as elements: everything in it is set as text. Its symbols can be lit. */

import { element } from "../dom/dom.js";

/** @typedef {import("../data/lesson.js").Block} Block */
/** @typedef {import("../data/lesson.js").Run} Run */

/** @typedef {(quantity: string | null, isKept?: boolean) => void} Light  show where a quantity is on screen; null: nowhere */

/**
 * @param {Block[]} blocks
 * @param {Light} light
 * @returns {HTMLElement[]}
 */
export function textOf(blocks, light) {
  return blocks.map((block) => {
    if (block.kind === "list") {
      return element(
        "ul",
        {},
        ...(block.items ?? []).map((runs) => element("li", {}, ...runsOf(runs, light))),
      );
    }
    if (block.kind === "formula") return formulaOf(block, light);
    return element("p", {}, ...runsOf(block.runs ?? [], light));
  });
}

/** @param {Block} block @param {Light} light @returns {HTMLElement} the formula, and the function that computes it */
function formulaOf({ lines = [], code }, light) {
  return element(
    "figure",
    { class: "le-learn-formula" },
    ...lines.map((runs) => element("div", { class: "le-formula-line" }, ...runsOf(runs, light))),
    code &&
      element(
        "details",
        { class: "le-folded" },
        element("summary", { class: "le-caption" }, "Computed by ", element("code", {}, code.name)),
        element("pre", { class: "le-source", tabindex: "0" }, code.source),
      ),
  );
}

/** @param {Run[]} runs @param {Light} light @returns {Array<Node | string>} */
function runsOf(runs, light) {
  return runs.map(([kind, text, more = ""]) => {
    if (kind === "symbol") return symbolOf(text, more, light);
    if (kind === "link") return linkTo(text, more);
    if (kind === "text") return text;
    return element(/** @type {"strong" | "em" | "code" | "sub" | "sup"} */ (kind), {}, text);
  });
}

/** @param {string} text @param {string} quantity @param {Light} light @returns {HTMLElement} */
function symbolOf(text, quantity, light) {
  return element(
    "button",
    {
      type: "button",
      class: "le-symbol",
      "data-lights": quantity,
      title: "Shows where this is on screen",
      pointerenter: () => light(quantity),
      pointerleave: () => light(null),
      focus: () => light(quantity),
      blur: () => light(null),
      click: () => light(quantity, true),
    },
    ...indexed(text),
  );
}

/** @param {string} text  with `_{...}` and `^{...}` @returns {Array<Node | string>} */
function indexed(text) {
  return text.split(/([_^]\{[^}]*\})/).filter(Boolean).map((part) => {
    const found = /^([_^])\{(.*)\}$/.exec(part);
    return found ? element(found[1] === "_" ? "sub" : "sup", {}, found[2]) : part;
  });
}

/** @param {string} text @param {string} href @returns {HTMLElement} */
function linkTo(text, href) {
  const isOutside = href.startsWith("https:");
  const there = isOutside ? { target: "_blank", rel: "noopener noreferrer" } : { target: "_self" };
  // A page of the app lies beside this one, wherever the app is served.
  return element("a", { href: isOutside ? href : `./${href}`, ...there }, text);
}

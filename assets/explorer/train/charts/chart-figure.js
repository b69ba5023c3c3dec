/** What curves and bars have in common: a title, the newest numbers beside it, what is good, and the drawing below. */

import { element } from "../../dom/dom.js";

/**
 * Make a chart's frame. Whatever stands in it as text keeps to its own line, so that nothing below it moves.
 *
 * @param {string} title
 * @param {string} caption         what is good, in a few words
 * @param {...HTMLElement} drawing
 * @returns {{element: HTMLElement, now: HTMLElement, aside: HTMLElement}}  `now` takes the newest numbers, `aside` what
 *     has just changed
 */
export function chartFigure(title, caption, ...drawing) {
  const now = element("span", { class: "le-chart-now le-one-line le-numbers" });
  const aside = element("span", { class: "le-caption" });
  const figure = element(
    "figure",
    { class: "le-chart" },
    element(
      "figcaption",
      {},
      element("div", { class: "le-chart-title" }, element("strong", {}, title), now),
      element(
        "div",
        { class: "le-chart-aside" },
        element("span", { class: "le-caption le-one-line", title: caption }, caption),
        aside,
      ),
    ),
    ...drawing,
  );
  return { element: figure, now, aside };
}

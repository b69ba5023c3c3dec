/** A table in place of a figure, for who cannot see it: folded away, and made only when it is opened. */

import { element } from "./dom.js";

/**
 * @typedef {object} TableContent
 * @property {string[]} head
 * @property {Array<Array<string | number>>} rows  the first cell of each names the row
 */

export class FoldedTable {
  /**
   * @param {string} caption                 what the table holds
   * @param {() => TableContent} content     asked when it is opened, and at each `refresh` while it is open
   */
  constructor(caption, content) {
    this.content = content;
    this.caption = caption;
    this.scroller = element("div", {
      class: "le-table-scroller",
      tabindex: "0",
      role: "region",
      "aria-label": caption,
    });
    this.element = element(
      "details",
      { class: "le-folded", toggle: () => this.refresh() },
      element("summary", { class: "le-caption" }, "As a table"),
      this.scroller,
    );
  }

  /** The content is another one. */
  refresh() {
    if (!this.element.open) return;
    const { head, rows } = this.content();
    /** @param {"col" | "row" | ""} scope  of a heading; nothing: a cell @param {string | number} text */
    const cell = (scope, text) => element(scope ? "th" : "td", scope ? { scope } : {}, text);
    this.scroller.replaceChildren(
      element(
        "table",
        { class: "le-table le-numbers" },
        element("caption", {}, this.caption),
        element("thead", {}, element("tr", {}, ...head.map((text) => cell("col", text)))),
        element(
          "tbody",
          {},
          ...rows.map(([name, ...cells]) =>
            element("tr", {}, cell("row", name), ...cells.map((text) => cell("", text)))
          ),
        ),
      ),
    );
  }
}

/** All lessons: what each is about, and how far this browser is in it. */

import { element } from "../dom/dom.js";
import { readProgress } from "./progress.js";

/**
 * @param {import("../data/lesson.js").ListedLesson[]} lessons
 * @param {(slug: string) => void} onOpen
 * @returns {HTMLElement}
 */
export function lessonList(lessons, onOpen) {
  return element(
    "ol",
    { class: "le-lessons", "data-role": "lessons" },
    ...lessons.map(({ slug, title, order, minutes, learns, clears }) => {
      const { prediction, outcome } = readProgress(slug);
      const state = outcome !== null ? "passed" : prediction !== null ? "begun" : "new";
      const said = { passed: "✓ passed", begun: "begun", new: `${minutes} minutes` }[state];
      /** @param {Event} event */
      const open = (event) => {
        event.preventDefault();
        onOpen(slug);
      };
      return element(
        "li",
        { "data-lesson": slug, "data-state": state, value: order },
        element("a", { href: `?lesson=${encodeURIComponent(slug)}`, click: open }, title),
        element("span", { class: "le-caption" }, said),
        element("p", {}, learns),
        element("p", { class: "le-caption" }, clears),
      );
    }),
  );
}

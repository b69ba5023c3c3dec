/**
 * What the player asks of a thing to touch, and what a thing is given.
 *
 * Types alone. `ui/learn/files/vocabulary.py` has each thing's parts, settings and quantities once more, for the check of
 * the lessons' files; a test compares.
 */

/**
 * @typedef {object} ThingContext
 * @property {import("../../view.js").ExplorerData} data
 * @property {import("../../data/lesson.js").Lesson} lesson
 * @property {import("../../decode/service.js").DecodeService} service
 * @property {() => void} onChange  quantities are others, and no hand did it
 * @property {() => void} onHand    someone's hand changed quantities
 * @property {(values: import("../../data/lesson.js").Values) => void} onRun  a run of the learner's is at its end
 * @property {() => number} random  a source of numbers in [0, 1): with a seed in the link the same for everyone
 * @property {(order: Order) => void} order  ask the engine for something
 */

/** @typedef {{do: "start" | "set", values: Record<string, number | string>}} Order */

/**
 * @typedef {object} Thing
 * @property {HTMLElement} element   its parts have `data-part`, what shows a quantity `data-quantity`
 * @property {() => Promise<void>} open        fetch what is to be touched
 * @property {import("../../data/lesson.js").Values} values  of its quantities now
 * @property {(settings: import("../../data/lesson.js").Settings) => void} set  what a step sets
 * @property {(data: import("../../view.js").ExplorerData) => void} [update]  Python says something
 * @property {() => void} [recolour]           the theme changed
 * @property {() => void} close
 * @property {import("../../data/bundle.js").Bundle | null} [bundle]   the stored model that it shows
 * @property {import("../../view.js").ShownPicture} [decoded]          the picture of a latent
 * @property {import("../../view.js").ShownMap} [map]
 */

export {};

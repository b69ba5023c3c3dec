/**
 * What is on the map now: whose images the points are, on which axes, where, in which colours, and how much of it is in
 * view. The map writes it; each of its parts is handed it and names what it reads.
 */

import { MovingPoints } from "./moving-points.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("../../dom/theme.js").Theme} Theme */
/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("./axes.js").Axes} Axes */
/** @typedef {import("./colouring.js").Colouring} Colouring */

/**
 * @template {keyof Scene} K
 * @typedef {Readonly<Pick<Scene, K>>} SceneOf  so much of it, to be read
 */

export class Scene {
  /** @type {Theme | null} */
  #theme = null;

  /** @param {() => Theme} readTheme  asked when colours are first wanted, and again once they may be others */
  constructor(readTheme) {
    this.readTheme = readTheme;
    this.viewport = new Viewport();
    this.points = new MovingPoints();
    /** Whose images the points are; null before a model is there. @type {Space | null} */
    this.space = null;
    /** What the points lie on; null before a model is there. @type {Axes | null} */
    this.axes = null;
    /** @type {Colouring} */
    this.colouring = { by: "none", groups: [], range: null };
    /** The groups of the colouring that are not to be seen. @type {Set<number>} */
    this.hidden = new Set();
    /** Whether a run goes on sending points to new places. */
    this.isStreaming = false;
    /** Whether two fingers are zooming now. */
    this.isPinched = false;
  }

  /** The page's colours and font. */
  get theme() {
    return (this.#theme ??= this.readTheme());
  }

  /** The page's colours may be others: read them when they are next wanted. */
  forgetTheme() {
    this.#theme = null;
  }

  /** Whether the points, or the viewport around them, go on moving: Plotly would be too slow. */
  get isBusy() {
    return this.isStreaming || this.isPinched;
  }
}

/**
 * Who draws the map's points: a light canvas while they move, Plotly while they rest.
 *
 * Plotly takes tens of milliseconds for what the canvas draws in one. So whenever points set out they are drawn on the
 * canvas, from where Plotly has them, and Plotly gets them back when the last one has arrived.
 */

import { freshCanvas } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";

/** @typedef {import("./plot.js").Plot} Plot */

/**
 * @template {keyof import("../scene/scene.js").Scene} K
 * @typedef {import("../scene/scene.js").SceneOf<K>} SceneOf
 */

/** A tab that was hidden does not make up for all the time it missed, in ms. */
const LONGEST_STEP = 100;

/** Plotly waits no longer than this for what is to be seen before it, in ms. */
const LONGEST_WAIT = 300;

export class PointDrawing {
  /**
   * @param {object} options
   * @param {SceneOf<"axes" | "viewport" | "points" | "colouring" | "hidden" | "theme" | "isBusy">} options.scene
   * @param {Plot} options.plot          who draws the points while they rest
   * @param {() => void} options.onStep  the points have gone a step: draw them, and what goes with them
   */
  constructor({ scene, plot, onStep }) {
    this.scene = scene;
    this.plot = plot;
    this.onStep = onStep;
    this.canvas = element("canvas", { class: "le-layer", "aria-hidden": "true" });
    /** Whether the light canvas, not Plotly, shows the points. */
    this.isLight = true;
    /** The step that is asked for; 0: the points have arrived. */
    this.animation = 0;
    this.lastStep = 0;
    /** Counts the messages of a run whose points have been drawn. */
    this.frames = 0;
    /** So many more will have been drawn with the next step. */
    this.undrawnFrames = 0;
    /** The ranges that Plotly's axes show. */
    this.drawnRanges = "";
  }

  /**
   * Get Plotly, after what is to be seen first, and give it the points when they rest.
   *
   * @param {string} url  of Plotly.js
   * @param {Promise<unknown>} first
   * @param {(sentence: string) => void} onTrouble
   */
  async start(url, first, onTrouble) {
    const { plot, scene } = this;
    await Promise.race([first, new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT))]);
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
    if (!scene.axes) return;
    try {
      await plot.start(url, scene.axes, scene.theme);
    } catch {
      onTrouble(
        "The map's axes could not be loaded. Hovering works without them; reload the page to get them.",
      );
      return;
    }
    if (!plot.isReady) return;
    if (!plot.hasWebGl) {
      onTrouble(
        "WebGL is off in this browser, so the map is slower to zoom. Turn on hardware acceleration in its settings.",
      );
    }
    this.setOut();
  }

  /** The points have new places to go to, or new axes to lie on. */
  setOut() {
    const { isBusy, viewport } = this.scene;
    if (!this.isLight) {
      this.isLight = true;
      // Plotly takes its time; the points on the light canvas move first.
      requestAnimationFrame(() => setTimeout(() => this.drawPlot(), 0));
    } else if (isBusy && this.drawnRanges !== viewport.ranges.join()) {
      this.drawPlot();
    }
    this.#animate();
  }

  /** Plotly has moved its axes itself: they show the viewport as it is. */
  plotMoved() {
    this.drawnRanges = this.scene.viewport.ranges.join();
  }

  /** Plotly shows the points now: draw them there in their new colours. */
  recolour() {
    if (!this.isLight) this.drawPlot();
  }

  /** Draw Plotly's part anew: the axes, and the points while they rest. */
  drawPlot() {
    const { plot } = this;
    const { axes, theme, viewport, colouring, hidden, points } = this.scene;
    if (!plot.isReady || !axes) return;
    const groups = this.isLight
      ? []
      : colouring.groups.filter((group, g) => !hidden.has(g) && group.indices.length);
    this.drawnRanges = viewport.ranges.join();
    plot.draw(axes, theme, groups, points.targets.slice());
  }

  /** Draw the canvas's part: the points, unless Plotly shows them. */
  draw() {
    const { points, viewport, colouring, hidden } = this.scene;
    const { context } = freshCanvas(this.canvas);
    if (this.isLight || !this.plot.hasPoints) points.draw(context, viewport, colouring.groups, hidden);
  }

  close() {
    cancelAnimationFrame(this.animation);
    this.canvas.width = this.canvas.height = 0;
  }

  #animate() {
    if (this.animation) return;
    const { scene, plot } = this;
    this.lastStep = performance.now();
    /** @type {FrameRequestCallback} */
    const tick = (now) => {
      this.animation = 0;
      const elapsed = Math.min(LONGEST_STEP, Math.max(0, now - this.lastStep));
      const hasArrived = scene.points.step(elapsed, scene.viewport);
      this.lastStep = now;
      this.frames += this.undrawnFrames;
      this.undrawnFrames = 0;
      this.onStep();
      if (!hasArrived) this.animation = requestAnimationFrame(tick);
      else if (!scene.isBusy && plot.isReady) this.#rest();
    };
    this.animation = requestAnimationFrame(tick);
  }

  /** Hand the points to Plotly. */
  #rest() {
    this.isLight = false;
    this.drawPlot();
  }
}

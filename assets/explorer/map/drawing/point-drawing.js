/**
 * Who draws the map's points: a light canvas while they move, Plotly while they rest.
 *
 * Plotly takes tens of milliseconds for what the canvas draws in one. So whenever points set out they are drawn on the
 * canvas, from where Plotly has them, and Plotly gets them back when the last one has arrived.
 */

import { freshCanvas } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";

/** A tab that was hidden does not make up for all the time it missed, in ms. */
const LONGEST_STEP = 100;

export class PointDrawing {
  /**
   * @param {import("./map.js").LatentMap} map  whose points, axes, colours and Plotly these are
   * @param {() => void} onStep                 the points have gone a step: draw them, and what goes with them
   */
  constructor(map, onStep) {
    Object.assign(this, { map, onStep });
    this.canvas = element("canvas", { class: "le-layer", "aria-hidden": "true" });
    /** Whether the light canvas, not Plotly, shows the points. */
    this.isLight = true;
    this.animation = 0;
    this.lastStep = 0;
    /** Messages of a run whose points have been drawn, and those that will be with the next step. */
    this.frames = 0;
    this.undrawnFrames = 0;
    this.drawnRanges = "";
  }

  /**
   * Get Plotly, after what is to be seen first, and give it the points when they rest.
   *
   * @param {string} url  of Plotly.js
   * @param {(sentence: string) => void} onTrouble
   */
  async start(url, onTrouble) {
    const { map } = this;
    const { plot } = map;
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
    try {
      await plot.start(url, map.axes, map.theme);
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
    if (!this.isLight) {
      this.isLight = true;
      // Plotly takes its time; the points on the light canvas move first.
      requestAnimationFrame(() => setTimeout(() => this.drawPlot(), 0));
    } else if (this.map.isBusy && this.drawnRanges !== this.map.frame.ranges.join()) {
      this.drawPlot();
    }
    this.#animate();
  }

  /** Plotly shows the points now: draw them there in their new colours. */
  recolour() {
    if (!this.isLight) this.drawPlot();
  }

  /** Draw Plotly's part anew: the axes, and the points while they rest. */
  drawPlot() {
    const { plot, axes, theme, frame, colouring, hidden, points } = this.map;
    if (!plot.isReady) return;
    const groups = this.isLight
      ? []
      : colouring.groups.filter((group, g) => !hidden.has(g) && group.indices.length);
    this.drawnRanges = frame.ranges.join();
    plot.draw(axes, theme, groups, points.targets.slice());
  }

  /** Draw the canvas's part: the points, unless Plotly shows them. */
  draw() {
    const { plot, points, frame, colouring, hidden } = this.map;
    const { context } = freshCanvas(this.canvas);
    if (this.isLight || !plot.hasPoints) points.draw(context, frame, colouring.groups, hidden);
  }

  close() {
    cancelAnimationFrame(this.animation);
    this.canvas.width = this.canvas.height = 0;
  }

  #animate() {
    if (this.animation) return;
    const { points, frame, plot } = this.map;
    this.lastStep = performance.now();
    const tick = (now) => {
      this.animation = 0;
      const hasArrived = points.step(Math.min(LONGEST_STEP, Math.max(0, now - this.lastStep)), frame);
      this.lastStep = now;
      this.frames += this.undrawnFrames;
      this.undrawnFrames = 0;
      this.onStep();
      if (!hasArrived) this.animation = requestAnimationFrame(tick);
      else if (!this.map.isBusy && plot.isReady) this.#rest();
    };
    this.animation = requestAnimationFrame(tick);
  }

  /** Hand the points to Plotly. */
  #rest() {
    this.isLight = false;
    this.drawPlot();
  }
}

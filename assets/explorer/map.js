/**
 * The map: where the probe's images lie, and where the hand is.
 *
 * From below to above: a canvas of layers, Plotly (axes, resting points), a canvas of moving points, a canvas of images,
 * names and paths, markers. Hovering goes by the shared frame and works before Plotly is there; of all these it moves
 * the markers alone.
 */

import { element } from "./dom.js";
import { freshCanvas, prefersLessMotion } from "./drawing.js";
import { Frame } from "./frame.js";
import { drawLineDensity } from "./line-density.js";
import { HandMarks } from "./hand-marks.js";
import { handOn } from "./map-hand.js";
import { drawNames, drawPath, namePlaces } from "./marks.js";
import { CanvasPen } from "./pen.js";
import { Plot } from "./plot.js";
import { MovingPoints } from "./points.js";
import { watchHand } from "./pointer.js";
import { readTheme } from "./theme.js";
import { Thumbnails } from "./thumbnails.js";
import { Underlay } from "./underlay.js";

/** @typedef {import("./axes.js").Axes} Axes */
/** @typedef {import("./colouring.js").Colouring} Colouring */
/** @typedef {import("./walk.js").Walk} Walk */

export class LatentMap {
  /**
   * @param {object} options
   * @param {Walk} options.walk
   * @param {string} options.plotlyUrl
   * @param {import("./decode-service.js").DecodeService | null} [options.service]  decodes what lies under the points
   * @param {string} options.description         what the map shows and how to walk it, for who cannot see it
   * @param {(sentence: string) => void} options.onTrouble
   * @param {() => void} [options.onHand]         the hand came on to the map or moved there
   * @param {(x: number, y: number, stamp: number) => boolean} [options.onPick]  a click; true: it has been dealt with
   */
  constructor({
    walk,
    plotlyUrl,
    service = null,
    description,
    onTrouble,
    onHand = () => {},
    onPick = () => false,
  }) {
    Object.assign(this, { walk, plotlyUrl, onTrouble, onHand, onPick });
    this.frame = new Frame();
    this.points = new MovingPoints();
    /** @type {Axes | null} */
    this.axes = null;
    /** @type {Colouring} */
    this.colouring = { by: "none", groups: [], range: null };
    /** @type {Set<number>} */
    this.hidden = new Set();
    /** @type {Float32Array | null} */
    this.path = null;
    this.isStreaming = false;
    /** Whether the light canvas, not Plotly, shows the points. */
    this.isLight = true;
    this.hasZoomed = false;
    this.animation = 0;
    this.lastStep = 0;
    /** Messages of a run whose points have been drawn. */
    this.liveFrames = 0;
    this.undrawnFrames = 0;

    this.underlay = new Underlay(this, service);
    this.thumbnails = new Thumbnails();
    this.plotHost = element("div", { class: "le-plot" });
    this.pointCanvas = element("canvas", { class: "le-layer", "aria-hidden": "true" });
    this.markCanvas = element("canvas", { class: "le-layer", "aria-hidden": "true" });
    this.handMarks = new HandMarks(this);
    this.element = element(
      "div",
      { class: "le-map", "data-role": "map", tabindex: "0", role: "application", "aria-label": description },
      this.underlay.element,
      this.plotHost,
      this.pointCanvas,
      this.markCanvas,
      ...this.handMarks.elements,
    );
    this.plot = new Plot(this.plotHost, this.frame, {
      onMove: () => this.#rangesMoved(),
      onDrawn: () => this.#redraw(),
      onHome: () => this.#showAll(),
    });
    this.stopWatching = watchHand(this.element, handOn(this));
    this.unsubscribe = walk.subscribe((move) => this.#showMove(move));
    this.resizes = new ResizeObserver(() => this.#resized());
    this.resizes.observe(this.element);
  }

  /** The points' places now, N pairs in axis units. */
  get positions() {
    return this.points.targets;
  }

  /** Say whose images the points are. @param {import("./space.js").Space} space */
  read(space) {
    this.space = space;
    this.thumbnails.read(space);
  }

  /** Say which decoder pictures come from, or that its weights are newer. @param {string} model  as the service knows it */
  decodeBy(model) {
    this.underlay.manifold?.use(model, this.space.config.image_shape, this.isStreaming);
    this.underlay.redecode();
  }

  /** Whether points are on their way. */
  get isMoving() {
    return this.isStreaming || this.animation !== 0;
  }

  /**
   * Show points on axes; those on the map already glide to their new places.
   *
   * @param {Axes} axes
   * @param {Colouring} colouring
   * @param {Set<import("./map-layers.js").LayerName>} [layers]  that are on and make sense on these axes
   */
  show(axes, colouring, layers = new Set()) {
    const isFirst = this.axes === null;
    const earlier = Object.assign(new Frame(), this.frame);
    this.axes = axes;
    this.colouring = colouring;
    this.hasZoomed = false;
    const positions = axes.points();
    this.frame.fit(positions, { atLeast: this.isStreaming ? 3 : 0 });
    if (isFirst || this.points.now.length !== positions.length) this.points.put(positions);
    else {
      this.points.carry(earlier, this.frame);
      this.points.send(positions);
    }
    if (prefersLessMotion()) this.points.arrive();
    this.theme ??= readTheme(this.element);
    this.underlay.lieOn(axes);
    this.setLayers(layers);
    this.#goLight();
    if (isFirst) this.#startPlot();
  }

  /** @param {Set<import("./map-layers.js").LayerName>} layers  that are on and make sense on these axes */
  setLayers(layers) {
    const hidesGrid = layers.has("manifold");
    this.underlay.choose(layers);
    this.#drawMarks();
    this.handMarks.place();
    if (this.plot.hidesGrid === hidesGrid) return;
    this.plot.hidesGrid = hidesGrid;
    if (this.plot.isReady) this.#drawPlot();
  }

  /** The codes are new ones, of the same images on the same axes. */
  reread() {
    this.underlay.reread();
    this.handMarks.place();
  }

  /** @param {Colouring} colouring @param {Set<number>} hidden */
  recolour(colouring, hidden) {
    this.colouring = colouring;
    this.hidden = hidden;
    this.underlay.draw();
    this.#redraw();
    if (!this.isLight) this.#handToPlot();
  }

  /** Say whether points go on moving; when they stop, Plotly gets them. @param {boolean} isStreaming */
  stream(isStreaming) {
    if (this.isStreaming === isStreaming) return;
    this.isStreaming = isStreaming;
    if (this.axes) this.#goLight();
  }

  /**
   * Send points on while a run streams.
   *
   * @param {Float32Array} positions       (K, 2), or (N, 2) without indices
   * @param {ArrayLike<number>} [indices]  (K,)
   */
  move(positions, indices) {
    if (indices) this.points.sendSome(indices, positions);
    else this.points.send(positions);
    if (prefersLessMotion()) this.points.arrive();
    if (!indices && !this.hasZoomed) this.#widen();
    this.undrawnFrames += 1;
    this.#goLight();
  }

  /** @param {Float32Array | null} path  (M, 2) in axis units */
  drawPath(path) {
    this.path = path;
    this.#drawMarks();
  }

  /** Draw lines from the latent under the hand to images. @param {number[]} indices  of the probe */
  drawLinks(indices) {
    this.handMarks.link(indices);
  }

  /**
   * Put a ring around an image, and crosses where samples of its posterior lie.
   *
   * @param {number | null} index
   * @param {Float32Array} [samples]  (S, D)
   */
  markImage(index, samples = new Float32Array(0)) {
    this.handMarks.mark(index, samples);
  }

  /**
   * Draw something of one's own above all else, whenever the map is drawn.
   *
   * @param {((context: CanvasRenderingContext2D, frame: Frame, theme: import("./theme.js").Theme) => void) | null} over
   */
  drawOver(over) {
    this.over = over;
    this.#drawMarks();
  }

  /** Say how quickly points go to their places. @param {keyof typeof import("./points.js").PACES} pace */
  setPace(pace) {
    this.points.pace = pace;
  }

  /** The theme changed. */
  recolourAll() {
    this.theme = readTheme(this.element);
    this.underlay.draw();
    this.#redraw();
    if (this.plot.isReady) this.#drawPlot();
  }

  close() {
    cancelAnimationFrame(this.animation);
    this.resizes.disconnect();
    this.stopWatching();
    this.unsubscribe();
    this.plot.close();
    this.underlay.close();
    for (const canvas of [this.pointCanvas, this.markCanvas]) canvas.width = canvas.height = 0;
  }

  async #startPlot() {
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
    try {
      this.theme ??= readTheme(this.element);
      await this.plot.start(this.plotlyUrl, this.axes, this.theme);
    } catch {
      this.onTrouble(
        "The map's axes could not be loaded. Hovering works without them; reload the page to get them.",
      );
      return;
    }
    if (!this.plot.isReady) return;
    if (!this.plot.hasWebGl) {
      this.onTrouble(
        "WebGL is off in this browser, so the map is slower to zoom. Turn on hardware acceleration in its settings.",
      );
    }
    this.#goLight();
  }

  /** Show the points on the light canvas until they have arrived, then hand them to Plotly. */
  #goLight() {
    if (!this.isLight) {
      this.isLight = true;
      // Plotly takes its time; the points on the light canvas move first, from where Plotly has them.
      requestAnimationFrame(() => setTimeout(() => this.plot.isReady && this.#drawPlot(), 0));
    } else if (this.plot.isReady && this.isStreaming) {
      this.#drawPlotAxesOnce();
    }
    this.#animate();
  }

  #animate() {
    if (this.animation) return;
    this.lastStep = performance.now();
    const tick = (now) => {
      this.animation = 0;
      const hasArrived = this.points.step(Math.min(100, Math.max(0, now - this.lastStep)), this.frame);
      this.lastStep = now;
      this.liveFrames += this.undrawnFrames;
      this.undrawnFrames = 0;
      this.#redraw();
      if (!hasArrived) this.animation = requestAnimationFrame(tick);
      else if (!this.isStreaming && this.plot.isReady) this.#handToPlot();
    };
    this.animation = requestAnimationFrame(tick);
  }

  #handToPlot() {
    this.isLight = false;
    this.#drawPlot();
  }

  #drawPlot() {
    const groups = this.isLight
      ? []
      : this.colouring.groups.filter((group, g) => !this.hidden.has(g) && group.indices.length);
    this.drawnRanges = this.frame.ranges.join();
    this.plot.draw(this.axes, this.theme, groups, this.points.targets.slice());
  }

  #drawPlotAxesOnce() {
    if (this.drawnRanges !== this.frame.ranges.join()) this.#drawPlot();
  }

  /** While a run streams: make room when points leave the frame, rarely and by a good step. */
  #widen() {
    const { x0, x1, y0, y1 } = this.frame;
    const needed = Object.assign(new Frame(), this.frame);
    needed.fit(this.points.targets, { atLeast: 3 });
    const leaves = needed.x0 < x0 || needed.x1 > x1 || needed.y0 < y0 || needed.y1 > y1;
    const isMuchSmaller = needed.x1 - needed.x0 < 0.5 * (x1 - x0);
    if (!leaves && !isMuchSmaller) return;
    const grown = leaves ? 0.15 : 0.1;
    const [wide, high] = [(needed.x1 - needed.x0) * grown, (needed.y1 - needed.y0) * grown];
    this.frame.ranges = [needed.x0 - wide, needed.x1 + wide, needed.y0 - high, needed.y1 + high];
    this.#reframed();
  }

  #redraw() {
    this.theme ??= readTheme(this.element);
    const { context } = freshCanvas(this.pointCanvas);
    if (this.isLight && this.underlay.movesWithPoints) this.underlay.draw();
    if (this.isLight || !this.plot.hasPoints) {
      this.points.draw(context, this.frame, this.colouring.groups, this.hidden);
    }
    this.#drawMarks();
    if (this.isLight) this.handMarks.place();
  }

  #drawMarks() {
    if (!this.axes) return;
    this.theme ??= readTheme(this.element);
    const { context } = freshCanvas(this.markCanvas);
    this.paintMarks(new CanvasPen(context));
    this.over?.(context, this.frame, this.theme);
  }

  /** Draw what stands above the points. @param {CanvasPen | import("./pen.js").SvgPen} pen */
  paintMarks(pen) {
    const { frame, theme, points, colouring, hidden } = this;
    pen.inside(frame, () => {
      if (this.axes.name === "0") drawLineDensity(pen, frame, theme, points.now, this.axes.covariances());
      this.thumbnails.draw(pen, frame, points.now, colouring.groups, hidden);
      if (this.path) drawPath(pen, frame, theme, this.path);
    });
    const hasNames = colouring.by === "class" && frame.width > 200;
    const names = hasNames ? namePlaces(colouring.groups, points.now, hidden) : [];
    this.underlay.paintWords(
      pen,
      names.map(({ x, y }) => frame.toPixels(x, y)),
    );
    drawNames(pen, frame, theme, names);
  }

  /** @param {import("./walk.js").Move} move */
  #showMove(move) {
    if (!this.axes || !move.z.length) return;
    if (move.pinned !== this.handMarks.pinnedLatent) this.underlay.pinMoved();
    this.handMarks.show(move);
  }

  /** The frame is another one: everything that lies in it follows. */
  #reframed() {
    this.handMarks.place();
    this.underlay.follow();
  }

  #showAll() {
    this.hasZoomed = false;
    this.frame.fit(this.points.targets, { atLeast: this.isStreaming ? 3 : 0 });
    this.#reframed();
    this.#drawPlot();
  }

  #rangesMoved() {
    this.hasZoomed = true;
    this.drawnRanges = this.frame.ranges.join();
    this.#redraw();
    this.#reframed();
    this.handMarks.hovered.hidden = true;
  }

  #resized() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    this.frame.resize(clientWidth, clientHeight);
    if (this.axes && !this.hasZoomed)
      this.frame.fit(this.points.targets, { atLeast: this.isStreaming ? 3 : 0 });
    this.#redraw();
    this.#reframed();
    if (this.plot.isReady) this.#drawPlot();
  }
}

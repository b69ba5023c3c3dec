/**
 * The map: where the probe's images lie, and where the hand is.
 *
 * From below to above: a canvas of layers, Plotly (axes, resting points), a canvas of moving points, a canvas of images,
 * names and paths, markers. Hovering goes by the shared frame and works before Plotly is there; of all these it moves
 * the markers alone.
 */

import { prefersLessMotion } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";
import { readTheme } from "../../dom/theme.js";
import { Underlay } from "../layers/underlay.js";
import { HandMarks } from "../pointing/cursor-marks.js";
import { handOn } from "../pointing/gestures.js";
import { watchHand } from "../pointing/pointer.js";
import { Frame } from "../scene/viewport.js";
import { MovingPoints } from "./moving-points.js";
import { Overlay } from "./overlay.js";
import { Plot } from "./plot.js";
import { PointDrawing } from "./point-drawing.js";
import { MapFrame } from "./viewport-control.js";

/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../scene/colouring.js").Colouring} Colouring */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */
/** @typedef {import("../../cursor/cursor.js").Cursor} Cursor */

export class LatentMap {
  /**
   * @param {object} options
   * @param {Cursor} options.cursor
   * @param {string} options.plotlyUrl
   * @param {import("../../decode/service.js").DecodeService | null} [options.service]  decodes what lies under the points
   * @param {string} options.description         what the map shows and how to walk it, for who cannot see it
   * @param {(sentence: string) => void} options.onTrouble
   * @param {() => void} [options.onHand]         the hand came on to the map or moved there
   * @param {(x: number, y: number, stamp: number) => boolean} [options.onPick]  a click; true: it has been dealt with
   */
  constructor({
    cursor,
    plotlyUrl,
    service = null,
    description,
    onTrouble,
    onHand = () => {},
    onPick = () => false,
  }) {
    Object.assign(this, { cursor, plotlyUrl, onTrouble, onHand, onPick });
    this.frame = new Frame();
    this.points = new MovingPoints();
    /** @type {Axes | null} */
    this.axes = null;
    /** @type {Colouring} */
    this.colouring = { by: "none", groups: [], range: null };
    /** @type {Set<number>} */
    this.hidden = new Set();
    this.isStreaming = false;

    this.underlay = new Underlay(this, service);
    this.plotHost = element("div", { class: "le-plot" });
    this.drawing = new PointDrawing(this, () => this.redraw());
    this.overlay = new Overlay(this);
    this.handMarks = new HandMarks(this);
    this.element = element(
      "div",
      { class: "le-map", "data-role": "map", tabindex: "0", role: "application", "aria-label": description },
      this.underlay.element,
      this.plotHost,
      this.drawing.canvas,
      this.overlay.element,
      ...this.handMarks.elements,
    );
    this.plot = new Plot(this.plotHost, this.frame, {
      onMove: () => this.framing.plotMoved(),
      onDrawn: () => this.redraw(),
      onHome: () => this.framing.showAll(),
    });
    this.stopWatching = watchHand(this.element, handOn(this));
    this.unsubscribe = cursor.subscribe((move) => this.#showMove(move));
    this.framing = new MapFrame(this);
  }

  /** The points' places now, N pairs in axis units. */
  get positions() {
    return this.points.targets;
  }

  /** The page's colours and font. */
  get theme() {
    return (this.lastTheme ??= readTheme(this.element));
  }

  /** Whether the points, or the frame around them, go on moving: Plotly would be too slow. */
  get isBusy() {
    return this.isStreaming || this.framing.isPinched;
  }

  /** Whether points are on their way. */
  get isMoving() {
    return this.isBusy || this.drawing.animation !== 0;
  }

  /** Say whose images the points are. @param {import("../../latent/space.js").Space} space */
  read(space) {
    this.space = space;
    this.overlay.thumbnails.read(space);
  }

  /** Say which decoder pictures come from, or that its weights are newer. @param {string} model  as the service knows it */
  decodeBy(model) {
    this.underlay.manifold?.use(model, this.space.config.image_shape, this.isStreaming);
    this.underlay.redecode();
  }

  /**
   * Show points on axes; those on the map already glide to their new places.
   *
   * @param {Axes} axes
   * @param {Colouring} colouring
   * @param {Set<LayerName>} [layers]  that are on and make sense on these axes
   */
  show(axes, colouring, layers = new Set()) {
    const isFirst = this.axes === null;
    const earlier = Object.assign(new Frame(), this.frame);
    this.axes = axes;
    this.colouring = colouring;
    const positions = axes.points();
    this.framing.fit(positions);
    if (isFirst || this.points.now.length !== positions.length) this.points.put(positions);
    else {
      this.points.carry(earlier, this.frame);
      this.points.send(positions);
    }
    if (prefersLessMotion()) this.points.arrive();
    this.underlay.lieOn(axes);
    this.setLayers(layers);
    this.drawing.setOut();
    if (isFirst) this.drawing.start(this.plotlyUrl, this.onTrouble);
  }

  /** @param {Set<LayerName>} layers  that are on and make sense on these axes */
  setLayers(layers) {
    const hidesGrid = layers.has("manifold");
    this.underlay.choose(layers);
    this.overlay.draw();
    this.handMarks.place();
    if (this.plot.hidesGrid === hidesGrid) return;
    this.plot.hidesGrid = hidesGrid;
    this.drawing.drawPlot();
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
    this.redraw();
    this.drawing.recolour();
  }

  /** Say whether points go on moving; when they stop, Plotly gets them. @param {boolean} isStreaming */
  stream(isStreaming) {
    if (this.isStreaming === isStreaming) return;
    this.isStreaming = isStreaming;
    if (this.axes) this.drawing.setOut();
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
    if (!indices) this.framing.makeRoom();
    this.drawing.undrawnFrames += 1;
    this.drawing.setOut();
  }

  /** The points have moved, or what is drawn of them is another thing. */
  redraw() {
    const { drawing, underlay } = this;
    if (drawing.isLight && underlay.movesWithPoints) underlay.draw();
    drawing.draw();
    this.overlay.draw();
    if (drawing.isLight) this.handMarks.place();
  }

  /** The theme changed, or the screen's pixels, of which decoded pictures may need more. */
  recolourAll() {
    this.lastTheme = readTheme(this.element);
    this.underlay.follow();
    this.redraw();
    this.drawing.drawPlot();
  }

  close() {
    this.stopWatching();
    this.unsubscribe();
    for (const part of [this.framing, this.drawing, this.plot, this.underlay, this.overlay]) part.close();
  }

  /** @param {import("../../cursor/cursor.js").Move} move */
  #showMove(move) {
    if (!this.axes || !move.z.length) return;
    if (move.pinned !== this.handMarks.pinnedLatent) this.underlay.pinMoved();
    this.handMarks.show(move);
  }
}

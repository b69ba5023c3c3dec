/**
 * The map: where the probe's images lie, and where the cursor is.
 *
 * From below to above: a canvas of layers, Plotly (axes, resting points), a canvas of moving points, a canvas of images,
 * names and paths, markers. Hovering goes by the shared viewport and works before Plotly is there; of all these it moves
 * the markers alone. All of them read one scene, which is written here.
 */

import { prefersLessMotion } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";
import { readTheme } from "../../dom/theme.js";
import { Underlay } from "../layers/underlay.js";
import { CursorMarks } from "../pointing/cursor-marks.js";
import { gesturesOn } from "../pointing/gestures.js";
import { watchPointer } from "../pointing/pointer.js";
import { Scene } from "../scene/scene.js";
import { Overlay } from "./overlay.js";
import { Plot } from "./plot.js";
import { PointDrawing } from "./point-drawing.js";
import { ViewportControl } from "./viewport-control.js";

/** @typedef {import("../../cursor/cursor.js").Cursor} Cursor */
/** @typedef {import("../../cursor/cursor.js").Move} Move */
/** @typedef {import("../../latent/space.js").Space} Space */
/** @typedef {import("../scene/axes.js").Axes} Axes */
/** @typedef {import("../scene/colouring.js").Colouring} Colouring */
/** @typedef {import("../scene/layer-kinds.js").LayerName} LayerName */
/** @typedef {import("../scene/moving-points.js").Pace} Pace */
/** @typedef {import("./overlay.js").ExtraDrawing} ExtraDrawing */

/**
 * @typedef {object} DrawnMap         what a figure of the map is made from
 * @property {Scene} scene
 * @property {number} width            of the map on the page, px
 * @property {number} height
 * @property {Pick<Underlay, "paint">} underlay
 * @property {Pick<Plot, "axesSvg">} plot
 * @property {Pick<CursorMarks, "posterior">} cursorMarks
 * @property {Pick<Overlay, "paint">} overlay
 */

export class LatentMap {
  /**
   * @param {object} options
   * @param {Cursor} options.cursor
   * @param {string} options.plotlyUrl
   * @param {Promise<unknown>} [options.first]    what is to be seen before Plotly.js has the page to itself for a while
   * @param {import("../../decode/service.js").DecodeService | null} [options.service]  decodes what lies under the points
   * @param {string} options.description         what the map shows and how to step over it, for who cannot see it
   * @param {(sentence: string) => void} options.onTrouble
   * @param {() => void} [options.onTouch]        the pointer came on to the map or moved there, or a key did
   * @param {(index: number, stamp: number) => boolean} [options.onPickImage]  a click on an image's dot; false: its code is pinned by the map
   * @param {(x: number, y: number, stamp: number) => boolean} [options.onPick]  any other click, in axis units; true: likewise
   */
  constructor({
    cursor,
    plotlyUrl,
    first = Promise.resolve(),
    service = null,
    description,
    onTrouble,
    onTouch = () => {},
    onPickImage = () => false,
    onPick = () => false,
  }) {
    this.plotlyUrl = plotlyUrl;
    this.first = first;
    this.onTrouble = onTrouble;
    this.onTouch = onTouch;
    this.element = element("div", {
      class: "le-map",
      "data-role": "map",
      tabindex: "0",
      role: "application",
      "aria-label": description,
    });
    const scene = new Scene(() => readTheme(this.element));
    this.scene = scene;
    this.underlay = new Underlay({ scene, cursor, service, isMoving: () => this.isMoving });
    const plotHost = element("div", { class: "le-plot" });
    this.plot = new Plot(plotHost, scene.viewport, {
      onMove: () => this.control.plotMoved(),
      onDrawn: () => this.redraw(),
      onHome: () => this.control.fitPoints(),
    });
    this.drawing = new PointDrawing({ scene, plot: this.plot, onStep: () => this.redraw() });
    this.overlay = new Overlay(scene, this.underlay);
    this.cursorMarks = new CursorMarks({ scene, cursor, posteriors: this.underlay });
    this.element.append(
      this.underlay.element,
      plotHost,
      this.drawing.canvas,
      this.overlay.element,
      ...this.cursorMarks.elements,
    );
    const { underlay, drawing, cursorMarks } = this;
    this.control = new ViewportControl({
      host: this.element,
      scene,
      drawing,
      underlay,
      cursorMarks,
      redraw: () => this.redraw(),
    });
    const gestures = gesturesOn({
      scene,
      cursor,
      control: this.control,
      onTouch: () => this.onTouch(),
      onPickImage,
      onPick,
    });
    this.stopWatching = watchPointer(this.element, gestures);
    this.unsubscribe = cursor.subscribe((move) => this.#followCursor(move));
  }

  /** The points' places now, N pairs in axis units. */
  get positions() {
    return this.scene.points.targets;
  }

  /** Whether points are on their way. */
  get isMoving() {
    return this.scene.isBusy || this.drawing.animation !== 0;
  }

  /** How many messages of a run have had their points drawn. */
  get drawnFrames() {
    return this.drawing.frames;
  }

  /** @returns {import("./viewport-control.js").Seen} what of the axes is seen */
  get seen() {
    const { ranges, width, height } = this.scene.viewport;
    return { ranges, size: [width, height] };
  }

  /** See what another sees. @param {import("./viewport-control.js").Seen} seen */
  followSeen(seen) {
    this.control.followSeen(seen);
  }

  /** @returns {DrawnMap} what a figure of the map as it is now is made from */
  get drawn() {
    const { scene, underlay, plot, cursorMarks, overlay } = this;
    const { clientWidth, clientHeight } = this.element;
    return { scene, width: clientWidth, height: clientHeight, underlay, plot, cursorMarks, overlay };
  }

  /** Say whose images the points are; all of them are to be seen. @param {Space} space */
  read(space) {
    this.scene.space = space;
    this.scene.hidden = new Set();
  }

  /**
   * Say which decoder pictures come from, or that its weights are newer.
   *
   * @param {string} model                    as the decoding service knows it
   * @param {[number, number, number]} shape  of a picture, (C, H, W)
   */
  decodeBy(model, shape) {
    this.underlay.decodeBy(model, shape, this.scene.isStreaming);
  }

  /**
   * Lay the points out on axes; those on the map already glide to their new places.
   *
   * @param {Axes} axes
   * @param {Colouring} colouring
   * @param {Set<LayerName>} [layers]  that are on and make sense on these axes
   */
  layOut(axes, colouring, layers = new Set()) {
    const { scene } = this;
    const { points, viewport } = scene;
    const isFirst = scene.axes === null;
    const earlier = viewport.copy();
    scene.axes = axes;
    scene.colouring = colouring;
    const positions = axes.points();
    this.control.fit(positions);
    if (isFirst || points.now.length !== positions.length) points.put(positions);
    else {
      points.carry(earlier, viewport);
      points.send(positions);
    }
    if (prefersLessMotion()) points.arrive();
    this.underlay.changeAxes();
    this.setLayers(layers);
    this.drawing.setOut();
    if (isFirst) this.drawing.start(this.plotlyUrl, this.first, this.onTrouble);
  }

  /** @param {Set<LayerName>} layers  that are on and make sense on these axes */
  setLayers(layers) {
    this.underlay.choose(layers);
    this.overlay.draw();
    this.cursorMarks.place();
    this.plot.hideGrid(layers.has("manifold"));
  }

  /** The codes are new ones, of the same images on the same axes. */
  reread() {
    this.underlay.reread();
    this.cursorMarks.place();
  }

  /** @param {Colouring} colouring @param {Set<number>} hidden  groups that are not to be seen */
  recolour(colouring, hidden) {
    this.scene.colouring = colouring;
    this.scene.hidden = hidden;
    this.underlay.draw();
    this.redraw();
    this.drawing.recolour();
  }

  /** Say whether points go on moving; when they stop, Plotly gets them. @param {boolean} isStreaming */
  stream(isStreaming) {
    const { scene } = this;
    if (scene.isStreaming === isStreaming) return;
    scene.isStreaming = isStreaming;
    if (scene.axes) this.drawing.setOut();
  }

  /** @param {Pace} pace  at which points go to their places from now on */
  setPace(pace) {
    this.scene.points.pace = pace;
  }

  /**
   * Send points on while a run streams.
   *
   * @param {Float32Array} positions       (K, 2), or (N, 2) without indices
   * @param {ArrayLike<number>} [indices]  (K,)
   */
  move(positions, indices) {
    const { points } = this.scene;
    if (indices) points.sendSome(indices, positions);
    else points.send(positions);
    if (prefersLessMotion()) points.arrive();
    if (!indices) this.control.makeRoom();
    this.drawing.undrawnFrames += 1;
    this.drawing.setOut();
  }

  /** Draw lines from the cursor to images. @param {number[]} indices  of the probe */
  linkImages(indices) {
    this.cursorMarks.link(indices);
  }

  /**
   * Put a ring around an image, and crosses where samples of its posterior lie.
   *
   * @param {number | null} index
   * @param {Float32Array} [samples]  (S, D)
   */
  ringImage(index, samples) {
    this.cursorMarks.ring(index, samples);
  }

  /**
   * Show where an image lies that is none of the map's: its posterior, or samples of that where it has no shape.
   *
   * @param {import("../pointing/cursor-marks.js").OwnCode | null} own
   */
  showOwn(own) {
    this.cursorMarks.showOwn(own);
  }

  /** Draw a path between latents. @param {Float32Array | null} path  (M, 2) in axis units */
  drawPath(path) {
    this.overlay.drawPath(path);
  }

  /** Draw something more above all else, whenever the map is drawn. @param {ExtraDrawing | null} extra */
  drawAbove(extra) {
    this.overlay.drawAbove(extra);
  }

  /** Look closer at some places, or go back to what was seen before. @param {Float32Array | null} positions  (N, 2); null: back */
  lookAt(positions) {
    this.control.lookAt(positions);
  }

  /** The points have moved, or what is drawn of them is another thing. */
  redraw() {
    const { drawing, underlay } = this;
    if (drawing.isLight && underlay.movesWithPoints) underlay.draw();
    drawing.draw();
    this.overlay.draw();
    if (drawing.isLight) this.cursorMarks.place();
  }

  /** The theme changed, or the screen's pixels, of which decoded pictures may need more. */
  recolourAll() {
    this.scene.forgetTheme();
    this.underlay.follow();
    this.redraw();
    this.drawing.drawPlot();
  }

  close() {
    this.stopWatching();
    this.unsubscribe();
    for (const part of [this.control, this.drawing, this.plot, this.underlay, this.overlay]) part.close();
  }

  /** @param {Move} move */
  #followCursor(move) {
    if (!this.scene.axes || !move.z.length) return;
    if (move.pinned !== this.cursorMarks.pinnedLatent) this.underlay.pinMoved();
    this.cursorMarks.follow(move);
  }
}

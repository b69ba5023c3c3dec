/**
 * Whoever moves the map's frame: new places, Plotly's pan and zoom, two fingers, keys that walk beyond the edge, a
 * window of another size. All that lies in the frame follows.
 */

/** While a run streams at least so much of each axis is seen, to both sides of zero: a new model's codes lie in a heap. */
const LIVE_REACH = 3;

/** @typedef {import("../scene/viewport.js").Pixel} Pixel */

export class MapFrame {
  /** @param {import("./map.js").LatentMap} map  whose frame, points and drawings these are */
  constructor(map) {
    this.map = map;
    /** Whether someone chose what is seen: nothing else changes it then. */
    this.isChosen = false;
    this.isPinched = false;
    this.resizes = new ResizeObserver(() => this.#resized());
    this.resizes.observe(map.element);
  }

  /** Show all of these places. @param {Float32Array} positions  (N, 2) */
  fit(positions) {
    this.isChosen = false;
    this.map.frame.fit(positions, { atLeast: this.map.isStreaming ? LIVE_REACH : 0 });
  }

  /** Make room for moving points, unless someone chose what is seen. */
  makeRoom() {
    const { frame, points } = this.map;
    if (!this.isChosen && frame.makeRoom(points.targets, LIVE_REACH)) this.#follow();
  }

  /** Someone wants to see all of it. */
  showAll() {
    this.fit(this.map.points.targets);
    this.#follow();
    this.map.drawing.drawPlot();
  }

  /** Plotly has panned or zoomed. */
  plotMoved() {
    const { drawing, frame, handMarks } = this.map;
    this.isChosen = true;
    drawing.drawnRanges = frame.ranges.join();
    this.map.redraw();
    this.#follow();
    handMarks.hovered.hidden = true;
  }

  /**
   * Zoom and pan as two fingers say; Plotly gets the points back when they are lifted.
   *
   * @param {[Pixel, Pixel]} before
   * @param {[Pixel, Pixel]} now
   */
  pinch(before, now) {
    this.isPinched = true;
    this.map.frame.pinch(before, now);
    this.#moved();
  }

  /** The fingers are lifted. */
  letGo() {
    this.isPinched = false;
    this.map.drawing.setOut();
  }

  /** See to it that a place is in sight. @param {number} x @param {number} y */
  reveal(x, y) {
    if (this.map.frame.reveal(x, y)) this.#moved();
  }

  close() {
    this.resizes.disconnect();
  }

  #resized() {
    const { map } = this;
    const { clientWidth, clientHeight } = map.element;
    if (!clientWidth || !clientHeight) return;
    map.frame.resize(clientWidth, clientHeight);
    if (map.axes && !this.isChosen) this.fit(map.points.targets);
    map.redraw();
    this.#follow();
    map.drawing.drawPlot();
  }

  /** Someone has moved it by other means than Plotly's. */
  #moved() {
    this.isChosen = true;
    this.#follow();
    this.map.drawing.setOut();
  }

  #follow() {
    this.map.handMarks.place();
    this.map.underlay.follow();
  }
}

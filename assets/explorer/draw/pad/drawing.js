/** What is on the pad: an image from which one began, strokes over it, and what was there before each change. */

/**
 * @typedef {object} Stroke
 * @property {number[]} points    x, y of each, in the model's pixels from the frame's upper left corner, (2 * P,)
 * @property {number} thickness   in the model's pixels
 * @property {string} colour      CSS
 * @property {boolean} isEraser   puts the ground back
 */

/** @typedef {{image: Uint8Array | null, strokes: Stroke[]}} Sheet  `image`: bytes, (C, H, W), under the strokes */

/** @type {Sheet} */
const EMPTY = { image: null, strokes: [] };

/** So many changes can be taken back. */
const KEPT = 200;

export class Drawing {
  constructor() {
    this.sheet = EMPTY;
    /** What there was before each change, the oldest first. @type {Sheet[]} */
    this.past = [];
    /** That is being drawn. @type {Stroke | null} */
    this.stroke = null;
  }

  /** Whether nothing was put here. */
  get isEmpty() {
    return !this.sheet.image && !this.sheet.strokes.length;
  }

  /** @param {Omit<Stroke, "points">} how @param {number} x @param {number} y */
  begin(how, x, y) {
    this.stroke = { ...how, points: [x, y] };
    this.#change({ ...this.sheet, strokes: [...this.sheet.strokes, this.stroke] });
  }

  /** @param {number} x @param {number} y */
  extend(x, y) {
    this.stroke?.points.push(x, y);
  }

  end() {
    this.stroke = null;
  }

  /** Put an image here in place of what there was. @param {Uint8Array} image  bytes, (C, H, W) */
  put(image) {
    this.#change({ image, strokes: [] });
  }

  clear() {
    if (!this.isEmpty) this.#change(EMPTY);
  }

  /** @returns {boolean} whether there was something to take back */
  undo() {
    const before = this.past.pop();
    if (!before) return false;
    this.stroke = null;
    this.sheet = before;
    return true;
  }

  /** The frame is another: nothing of it fits there. */
  forget() {
    Object.assign(this, { sheet: EMPTY, past: [], stroke: null });
  }

  /** @param {Sheet} sheet */
  #change(sheet) {
    this.past = [...this.past.slice(1 - KEPT), this.sheet];
    this.sheet = sheet;
  }
}

/**
 * Paint strokes on a transparent ground.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke[]} strokes
 * @param {string} ground  CSS: what an eraser leaves
 * @param {{zoom: number, pen?: number, x?: number, y?: number}} how  canvas pixels for one of the model's: of places and
 *     erasers, and of pens, where that differs; and where the frame's corner lies
 */
export function paintStrokes(context, strokes, ground, { zoom, pen = zoom, x = 0, y = 0 }) {
  Object.assign(context, { lineCap: "round", lineJoin: "round" });
  for (const { points, thickness, colour, isEraser } of strokes) {
    context.strokeStyle = isEraser ? ground : colour;
    context.lineWidth = thickness * (isEraser ? zoom : pen);
    context.beginPath();
    context.moveTo(x + zoom * points[0], y + zoom * points[1]);
    if (points.length === 2) context.lineTo(x + zoom * points[0] + 0.01, y + zoom * points[1]); // a dot
    for (let p = 2; p < points.length; p += 2) {
      context.lineTo(x + zoom * points[p], y + zoom * points[p + 1]);
    }
    context.stroke();
  }
}

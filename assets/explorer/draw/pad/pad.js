/**
 * The pad: drawn on with a mouse, a pen, a finger, or keys.
 *
 * One hand at a time: what else touches the pad while a line is drawn, such as the ball of the hand, is not heard. The
 * other end of a pen erases. With the keyboard arrow keys move the pen, and the space bar puts it down and lifts it.
 */

import { freshCanvas } from "../../dom/canvas.js";
import { element } from "../../dom/dom.js";
import { writeRgba } from "../../dom/pictures.js";
import { Drawing, paintStrokes } from "./drawing.js";

/** @typedef {import("../../dom/pictures.js").Shape} Shape */
/** @typedef {import("./drawing.js").Stroke} Stroke */

/** @typedef {"moved" | "ended"} Progress  a line goes on; it is at its end, or the drawing is another for another reason */

/** While a line is being drawn it is encoded too, by an encoder that takes less than this, in ms. */
export const FAST = 10;

/** As `PointerEvent.buttons` has it: the other end of a pen. */
const ERASER_END = 32;

/** An arrow key moves the pen by so much of the pad; with Shift by less. */
const KEY_STEP = { usual: 1 / 28, fine: 1 / 140 };

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Pad {
  /**
   * @param {object} options
   * @param {() => Omit<Stroke, "points">} options.pen  what a line that begins now is drawn with
   * @param {(progress: Progress, stamp: number) => void} options.onDraw
   */
  constructor({ pen, onDraw }) {
    this.pen = pen;
    this.onDraw = onDraw;
    this.drawing = new Drawing();
    /** @type {Shape} */
    this.shape = [1, 28, 28];
    this.ground = "rgb(0, 0, 0)";
    /** The image under the strokes, at its own size, for as long as it is there. @type {{of: Uint8Array, canvas: HTMLCanvasElement} | null} */
    this.under = null;
    /** Whose line is being drawn; null: nobody's. @type {number | null} */
    this.pointer = null;
    /** Where the keyboard's pen is, in the model's pixels; null: it is not used. @type {[number, number] | null} */
    this.keys = null;
    this.frame = 0;
    this.stamp = 0;
    this.canvas = element("canvas", {
      class: "le-pad",
      "data-role": "pad",
      tabindex: "0",
      role: "application",
      "aria-label":
        "Pad to draw on. Arrow keys move the pen, space puts it down or lifts it, Ctrl and Z takes a line back.",
      pointerdown: (event) => this.#press(event),
      pointermove: (event) => this.#move(event),
      pointerup: (event) => this.#lift(event),
      pointercancel: (event) => this.#lift(event),
      lostpointercapture: (event) => this.#lift(event),
      keydown: (event) => this.#key(event),
      blur: () => this.#putKeysAway(),
      contextmenu: (event) => event.preventDefault(),
    });
    this.hint = element("p", { class: "le-pad-hint", "aria-hidden": "true" }, "Draw here");
    this.element = element("div", { class: "le-pad-frame" }, this.canvas, this.hint);
    this.resizes = new ResizeObserver(() => this.paint());
    this.resizes.observe(this.canvas);
  }

  /**
   * Take the frame of a model's images.
   *
   * @param {Shape} shape
   * @param {string} ground  CSS
   */
  setFrame(shape, ground) {
    if (shape.join() !== this.shape.join()) this.drawing.forget(); // else a hand was quicker than the model
    this.shape = shape;
    this.ground = ground;
    const [, height, width] = shape;
    this.element.style.aspectRatio = `${width} / ${height}`;
    this.element.style.setProperty("--le-slenderness", String(Math.min(1, width / height)));
    this.paint();
  }

  /** Put an image on the pad. @param {Uint8Array} image  bytes, (C, H, W) @param {number} stamp */
  put(image, stamp) {
    this.#stop();
    this.drawing.put(image);
    this.#changed(stamp);
  }

  /** @param {number} stamp */
  undo(stamp) {
    this.#stop();
    if (this.drawing.undo()) this.#changed(stamp);
  }

  /** @param {number} stamp */
  clear(stamp) {
    this.#stop();
    if (this.drawing.isEmpty) return;
    this.drawing.clear();
    this.#changed(stamp);
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.resizes.disconnect();
  }

  /** Show what is on the pad. */
  paint() {
    const { drawing: { sheet: { image, strokes }, isEmpty }, shape: [, , columns] } = this;
    this.hint.hidden = !isEmpty;
    const { context, width, height } = freshCanvas(this.canvas);
    if (!width) return;
    const zoom = width / columns;
    context.fillStyle = this.ground;
    context.fillRect(0, 0, width, height);
    if (image) {
      context.imageSmoothingEnabled = false;
      context.drawImage(this.#canvasOf(image), 0, 0, width, height);
    }
    paintStrokes(context, strokes, this.ground, { zoom });
    if (this.keys) this.#paintKeys(context, zoom, this.keys);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} zoom @param {[number, number]} at */
  #paintKeys(context, zoom, [x, y]) {
    const radius = Math.max(3, (zoom * this.pen().thickness) / 2);
    for (const [colour, width] of /** @type {const} */ ([["black", 4], ["white", 2]])) {
      Object.assign(context, { strokeStyle: colour, lineWidth: width });
      context.beginPath();
      context.arc(zoom * x, zoom * y, radius + 2, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** @param {Uint8Array} image @returns {HTMLCanvasElement} at the image's own size */
  #canvasOf(image) {
    if (this.under?.of !== image) {
      const [, height, width] = this.shape;
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width, height });
      const pixels = new ImageData(width, height);
      writeRgba(image, 1, this.shape, pixels.data);
      canvas.getContext("2d")?.putImageData(pixels, 0, 0);
      this.under = { of: image, canvas };
    }
    return this.under.canvas;
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const isEraserEnd = (event.buttons & ERASER_END) !== 0;
    if (this.pointer !== null || (event.button !== 0 && !isEraserEnd)) return;
    event.preventDefault(); // of text nothing is selected, and no image dragged
    this.canvas.focus({ preventScroll: true });
    this.#putKeysAway();
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture?.(event.pointerId);
    const how = this.pen();
    this.drawing.begin(isEraserEnd ? { ...how, isEraser: true } : how, ...this.#place(event));
    this.#soon(event.timeStamp);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const each of all.length ? all : [event]) this.drawing.extend(...this.#place(each));
    this.#soon(event.timeStamp);
  }

  /** @param {PointerEvent} event */
  #lift(event) {
    if (event.pointerId !== this.pointer) return;
    this.#stop();
    this.#changed(event.timeStamp);
  }

  /** No line is being drawn any more. */
  #stop() {
    this.pointer = null;
    this.drawing.end();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const arrow = ARROWS[event.key];
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === "z" && !event.shiftKey) this.undo(event.timeStamp);
    else if (isCommand || event.altKey) return;
    else if (arrow) this.#step(arrow, event);
    else if (event.key === " " || event.key === "Enter") this.#tap(event.timeStamp);
    else if (event.key === "Escape" && this.drawing.stroke) this.#end(event.timeStamp);
    else return;
    event.preventDefault();
  }

  /** @param {[number, number]} arrow @param {KeyboardEvent} event */
  #step([right, down], { shiftKey, timeStamp }) {
    const [, height, width] = this.shape;
    const step = Math.max(height, width) * (shiftKey ? KEY_STEP.fine : KEY_STEP.usual);
    const [x, y] = this.keys ?? [width / 2, height / 2];
    this.keys = this.#inside(x + right * step, y + down * step);
    this.drawing.extend(...this.keys);
    if (this.drawing.stroke) this.#soon(timeStamp);
    else this.paint();
  }

  /** Put the keyboard's pen down, or lift it. @param {number} stamp */
  #tap(stamp) {
    if (this.pointer !== null) return;
    if (this.drawing.stroke) {
      this.#end(stamp);
      return;
    }
    const [, height, width] = this.shape;
    this.keys ??= [width / 2, height / 2];
    this.drawing.begin(this.pen(), ...this.keys);
    this.#soon(stamp);
  }

  /** @param {number} stamp */
  #end(stamp) {
    this.drawing.end();
    this.#changed(stamp);
  }

  #putKeysAway() {
    if (!this.keys) return;
    this.keys = null;
    if (this.drawing.stroke) this.#end(performance.now());
    else this.paint();
  }

  /** A line goes on: it is shown in the next frame, whatever came until then. @param {number} stamp */
  #soon(stamp) {
    this.stamp = stamp;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
      this.onDraw("moved", this.stamp);
    });
  }

  /** @param {number} stamp */
  #changed(stamp) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.paint();
    this.onDraw("ended", stamp);
  }

  /** @param {PointerEvent} event @returns {[number, number]} in the model's pixels */
  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    const [, height, width] = this.shape;
    return this.#inside(
      ((event.clientX - box.left) / box.width) * width,
      ((event.clientY - box.top) / box.height) * height,
    );
  }

  /** @param {number} x @param {number} y @returns {[number, number]} */
  #inside(x, y) {
    const [, height, width] = this.shape;
    return [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
  }
}

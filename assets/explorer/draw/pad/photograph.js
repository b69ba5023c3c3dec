/**
 * A photograph of what was written with a pen, before it is put on the pad: which part of it, how dark ink is, and beside
 * it what the model would see. Nothing of it leaves the browser; it goes when it is put on the pad or put away.
 */

import { drawingContext } from "../../dom/canvas.js";
import { element, setText, textButton, uniqueId } from "../../dom/dom.js";
import { Picture } from "../../dom/pictures.js";
import { contrastOf, greyOf, isInkLight, otsuThreshold } from "./paper.js";

/** @typedef {import("./lens.js").Lens} Lens */

/** A photograph is held with at most so many pixels along its longer side. */
const LONGEST = 1024;

/** An arrow key moves the part that is taken by so much of the photograph. */
const KEY_STEP = 1 / 50;

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const KEPT =
  "The photograph stays in this browser: nothing of it is sent, and it is gone once it is on the pad or put away. " +
  "Only what you keep then is, as the model sees it.";

export class Photograph {
  /**
   * @param {object} options
   * @param {() => number} options.thickness                  of the pen, in the model's pixels
   * @param {(image: Uint8Array, stamp: number) => void} options.onTake  bytes, (C, H, W)
   * @param {() => void} options.onClose                      it was taken, or put away
   */
  constructor({ thickness, onTake, onClose }) {
    this.thickness = thickness;
    this.onTake = onTake;
    this.onClose = onClose;
    /** @type {Lens | null} */
    this.lens = null;
    /** The whole of it, made small. */
    this.source = document.createElement("canvas");
    /** The part that is taken, for the lens. */
    this.part = document.createElement("canvas");
    /** Its middle, in shares of the photograph. @type {[number, number]} */
    this.middle = [0.5, 0.5];
    this.isLight = false;
    /** @type {Uint8Array | null} */
    this.image = null;
    /** Where a hand holds the part that is taken. @type {{pointer: number, x: number, y: number} | null} */
    this.hold = null;
    this.canvas = element("canvas", {
      class: "le-photo",
      "data-role": "photo-part",
      tabindex: "0",
      role: "application",
      "aria-label": "The photograph. Drag the frame, or move it with the arrow keys.",
      pointerdown: (event) => this.#press(event),
      pointermove: (event) => this.#drag(event),
      pointerup: () => (this.hold = null),
      pointercancel: () => (this.hold = null),
      keydown: (event) => this.#key(event),
    });
    this.seen = new Picture([1, 28, 28], {
      "data-role": "photo-seen",
      "aria-label": "What the model would see of the photograph",
    });
    const change = () => this.show();
    this.size = slider("How much of it", { min: 0.1, max: 1, step: 0.01, input: change });
    this.threshold = slider("What counts as ink", { min: 0.05, max: 0.9, step: 0.01, input: change });
    this.paper = element("input", { type: "checkbox", id: uniqueId("paper"), change });
    this.dark = textButton("Dark", "The pen is darker than the paper", () => this.#turn(false));
    this.light = textButton(
      "Light",
      "Chalk on a board, or light and dark changed over",
      () => this.#turn(true),
    );
    this.take = textButton("Put it on the pad", "Then draw on it, or erase", (event) => {
      if (this.image) this.onTake(this.image, event.timeStamp);
      this.close();
    });
    this.said = element("p", { class: "le-caption", role: "status" });
    this.element = element(
      "div",
      { class: "le-photograph", role: "group", "aria-label": "Your photograph", hidden: true },
      this.canvas,
      element(
        "figure",
        {},
        this.seen.canvas,
        element("figcaption", { class: "le-caption" }, "What the model would see"),
      ),
      this.size.label,
      this.threshold.label,
      element("label", { for: this.paper.id }, this.paper, " Pen on paper: find the ink"),
      element(
        "div",
        { class: "le-segments", role: "group", "aria-label": "The ink is" },
        this.dark,
        this.light,
      ),
      element(
        "div",
        { class: "le-photo-buttons" },
        this.take,
        textButton("Put it away", "Go back to the pad", () => this.close()),
      ),
      this.said,
      element("p", { class: "le-caption" }, KEPT),
    );
  }

  /**
   * Show a photograph, with what suits it.
   *
   * @param {Blob} file
   * @param {Lens} lens  of the model for which it is made
   * @throws {Error} if the browser can make no picture of it
   */
  async open(file, lens) {
    const bitmap = await createImageBitmap(file); // turned as the camera says
    const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [bitmap.width, bitmap.height].map((side) =>
      Math.max(1, Math.round(side * scale))
    );
    Object.assign(this.source, { width, height });
    Object.assign(this.canvas, { width, height });
    this.canvas.style.aspectRatio = `${width} / ${height}`;
    const context = drawingContext(this.source);
    context.imageSmoothingQuality = "high";
    context.fillStyle = "white"; // what is transparent is paper
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    const [channels, high, wide] = lens.shape;
    this.lens = lens;
    this.seen.resize(lens.shape);
    Object.assign(this.part, { width: wide * lens.fine, height: high * lens.fine });
    this.middle = [0.5, 0.5];
    this.size.field.value = "1";
    this.paper.checked = channels === 1;
    const grey = greyOf(this.#cut());
    this.isLight = isInkLight(grey, this.part.width);
    const contrast = contrastOf(grey, this.part.width, this.isLight);
    this.threshold.field.value = String(otsuThreshold(contrast));
    this.element.hidden = false;
    this.show();
  }

  /** Let go of the photograph. */
  close() {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.hold = this.image = null;
    for (const canvas of [this.source, this.canvas, this.part]) {
      Object.assign(canvas, { width: 0, height: 0 });
    }
    this.onClose();
  }

  /** The part that is taken, in the photograph's pixels. */
  get #box() {
    const { source, middle, lens } = this;
    const [, height, width] = lens?.shape ?? [1, 1, 1];
    const scale = this.size.field.valueAsNumber * Math.min(source.width / width, source.height / height);
    const [wide, high] = [width * scale, height * scale];
    /** @type {(share: number, of: number, length: number) => number} */
    const start = (share, of, length) => Math.min(of - length, Math.max(0, share * of - length / 2));
    return { x: start(middle[0], source.width, wide), y: start(middle[1], source.height, high), wide, high };
  }

  /** @returns {Uint8ClampedArray} RGBA of the part that is taken, as large as the lens wants it */
  #cut() {
    const { x, y, wide, high } = this.#box;
    const { width, height } = this.part;
    const context = drawingContext(this.part, { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(this.source, x, y, wide, high, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  }

  /** Show what is taken, and what the model would see of it. */
  show() {
    const { lens, isLight, paper: { checked: isPaper } } = this;
    if (!lens || this.element.hidden) return;
    const threshold = this.threshold.field.valueAsNumber;
    this.threshold.field.disabled = !isPaper;
    this.dark.setAttribute("aria-pressed", String(!isLight));
    this.light.setAttribute("aria-pressed", String(isLight));
    const how = { isPaper, isLight, threshold, thickness: this.thickness() };
    this.image = lens.seePhoto(this.#cut(), how);
    this.take.disabled = !this.image;
    if (this.image) this.seen.drawBytes(this.image);
    else this.seen.clear();
    setText(
      this.said,
      this.image ? "" : "No ink is found here: let more count as ink, or take another part.",
    );
    this.said.hidden = Boolean(this.image);
    const context = drawingContext(this.canvas);
    const { x, y, wide, high } = this.#box;
    context.drawImage(this.source, 0, 0);
    context.fillStyle = "rgb(0 0 0 / 0.5)";
    context.beginPath();
    context.rect(0, 0, this.canvas.width, this.canvas.height);
    context.rect(x, y, wide, high);
    context.fill("evenodd");
  }

  /** @param {boolean} isLight */
  #turn(isLight) {
    this.isLight = isLight;
    this.show();
  }

  /** @param {number} across @param {number} down  in shares of the photograph */
  #move(across, down) {
    const { source } = this;
    const { x, y, wide, high } = this.#box; // held within the photograph
    this.middle = [(x + wide / 2) / source.width + across, (y + high / 2) / source.height + down];
    this.show();
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button !== 0 || this.hold) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.hold = { pointer: event.pointerId, x: event.clientX, y: event.clientY };
  }

  /** @param {PointerEvent} event */
  #drag({ pointerId, clientX, clientY }) {
    if (this.hold?.pointer !== pointerId) return;
    const { clientWidth, clientHeight } = this.canvas;
    this.#move((clientX - this.hold.x) / clientWidth, (clientY - this.hold.y) / clientHeight);
    this.hold = { pointer: pointerId, x: clientX, y: clientY };
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    this.#move(arrow[0] * KEY_STEP, arrow[1] * KEY_STEP);
  }
}

/**
 * @param {string} text
 * @param {import("../../dom/dom.js").Attributes} attributes
 * @returns {{label: HTMLLabelElement, field: HTMLInputElement}}
 */
function slider(text, attributes) {
  const field = element("input", { type: "range", class: "le-progress-slider", ...attributes });
  return { label: element("label", {}, text, field), field };
}

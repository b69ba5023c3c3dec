/** What one draws with: pen or eraser, how thick, which colour; and undo, clear, an image of the set to begin with. */

import { element, textButton, uniqueId } from "../../dom/dom.js";

/** @typedef {import("./drawing.js").Stroke} Stroke */

/** Of a pen, in parts of 28 of the frame; MNIST's lines are about as thick as the usual. */
const THICKNESS = { least: 1, usual: 2.2, greatest: 6, step: 0.2 };

/** An eraser is so many times as thick as the pen. */
const ERASER = 2.5;

/**
 * @typedef {object} Deeds   told when the hand did it
 * @property {(stamp: number) => void} onUndo
 * @property {(stamp: number) => void} onClear
 * @property {(stamp: number) => void} onImage   an image of the set is to be put on the pad
 * @property {(file: File) => void} onFile       one of one's own is
 */

export class PadTools {
  /** @param {Deeds} deeds */
  constructor({ onUndo, onClear, onImage, onFile }) {
    this.isErasing = false;
    /** Of the images, in their pixels. */
    this.width = 28;
    this.colour = "rgb(255, 255, 255)";
    const id = uniqueId("thickness");
    /** @type {HTMLInputElement} */
    this.thickness = element("input", {
      id,
      type: "range",
      class: "le-progress-slider",
      min: THICKNESS.least,
      max: THICKNESS.greatest,
      step: THICKNESS.step,
      value: THICKNESS.usual,
      title: "Thickness of the pen and the eraser",
      "aria-label": "Thickness",
    });
    /** @type {HTMLInputElement} */
    this.colourField = element("input", {
      type: "color",
      value: "#ffffff",
      title: "Colour of the pen",
      "aria-label": "Colour of the pen",
      hidden: true,
    });
    this.penButton = textButton("Pen", "Draw", () => this.#erase(false));
    this.eraserButton = textButton("Eraser", "Put the ground back; so does the other end of a pen", () => {
      this.#erase(true);
    });
    this.undoButton = textButton(
      "Undo",
      "Take the last line or change back",
      (event) => onUndo(event.timeStamp),
    );
    this.clearButton = textButton("Clear", "Empty the pad", (event) => onClear(event.timeStamp));
    this.imageButton = textButton(
      "An image",
      "Put one of the set's held-out images on the pad, to be altered",
      (event) => onImage(event.timeStamp),
    );
    /** @type {HTMLInputElement} */
    this.fileField = element("input", {
      type: "file",
      accept: "image/*",
      hidden: true,
      "aria-label": "An image file of your own",
      change: () => {
        const [file] = this.fileField.files ?? [];
        this.fileField.value = ""; // the same file may be chosen again
        if (file) onFile(file);
      },
    });
    this.fileButton = textButton(
      "A file",
      "Put an image of your own on the pad; it stays in this browser",
      () => this.fileField.click(),
    );
    this.element = element(
      "div",
      { class: "le-pad-tools", role: "group", "aria-label": "What to draw with" },
      element("div", { class: "le-segments" }, this.penButton, this.eraserButton),
      this.colourField,
      this.thickness,
      this.undoButton,
      this.clearButton,
      this.imageButton,
      this.fileButton,
      this.fileField,
    );
    this.#erase(false);
    this.allow({ undo: false, clear: false });
  }

  /** @returns {Omit<Stroke, "points">} what a line that begins now is drawn with */
  get pen() {
    const { isErasing, colourField } = this;
    const thickness = (this.thickness.valueAsNumber * this.width) / 28;
    return {
      thickness: isErasing ? ERASER * thickness : thickness,
      colour: colourField.hidden ? this.colour : colourField.value,
      isEraser: isErasing,
    };
  }

  /**
   * Take what suits a model's images.
   *
   * @param {import("../../dom/pictures.js").Shape} shape
   * @param {string} colour  CSS, of a pen that stands out
   */
  setFrame([channels, height, width], colour) {
    this.width = Math.min(height, width);
    this.colour = colour;
    this.colourField.hidden = channels !== 3;
    this.colourField.value = colour.includes("255") ? "#ffffff" : "#000000";
  }

  /** @param {{undo: boolean, clear: boolean}} can  what there is to do */
  allow({ undo, clear }) {
    this.undoButton.disabled = !undo;
    this.clearButton.disabled = !clear;
  }

  /** @param {boolean} isErasing */
  #erase(isErasing) {
    this.isErasing = isErasing;
    this.penButton.setAttribute("aria-pressed", String(!isErasing));
    this.eraserButton.setAttribute("aria-pressed", String(isErasing));
  }
}

/** What one draws with: pen or eraser, how thick, which colour; and undo, clear, an image of the set to begin with. */

import { element, textButton, uniqueId } from "../../dom/dom.js";

/** @typedef {import("./drawing.js").Stroke} Stroke */

/** Of a pen, in parts of 28 of the frame; MNIST's lines are about as thick as the usual. */
export const USUAL_THICKNESS = 2.2;
const THICKNESS = { least: 1, usual: USUAL_THICKNESS, greatest: 6, step: 0.2 };

/** An eraser is so many times as thick as the pen. */
const ERASER = 2.5;

/**
 * @typedef {object} Deeds   told when the hand did it
 * @property {(stamp: number) => void} onUndo
 * @property {(stamp: number) => void} onClear
 * @property {(stamp: number) => void} onImage   an image of the set is to be put on the pad
 * @property {(file: File) => void} onFile       one of one's own is
 * @property {(file: File) => void} onPhoto      a photograph of one's own is, of pen on paper
 */

export class PadTools {
  /** @param {Deeds} deeds */
  constructor({ onUndo, onClear, onImage, onFile, onPhoto }) {
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
    this.fileField = fileField({ "aria-label": "An image file of your own" }, onFile);
    // A telephone opens its camera; a page that is plain http may use it in no other way.
    const camera = { "aria-label": "A photograph of your own", "data-role": "photo", capture: "environment" };
    this.photoField = fileField(camera, onPhoto);
    this.fileButton = textButton(
      "A file",
      "Put an image of your own on the pad; the file stays in this browser",
      () => this.fileField.click(),
    );
    this.photoButton = textButton(
      "Photograph",
      "Put on the pad what you wrote with a pen; the photograph stays in this browser",
      () => this.photoField.click(),
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
      this.photoButton,
      this.photoField,
    );
    this.#erase(false);
    this.allow({ undo: false, clear: false });
  }

  /** Of the pen, in the model's pixels. */
  get penThickness() {
    return (this.thickness.valueAsNumber * this.width) / 28;
  }

  /** @returns {Omit<Stroke, "points">} what a line that begins now is drawn with */
  get pen() {
    const { isErasing, colourField } = this;
    return {
      thickness: isErasing ? ERASER * this.penThickness : this.penThickness,
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

/**
 * @param {Record<string, string>} attributes
 * @param {(file: File) => void} onFile
 * @returns {HTMLInputElement} what a button opens
 */
function fileField(attributes, onFile) {
  const field = element("input", {
    type: "file",
    accept: "image/*",
    hidden: true,
    ...attributes,
    change: () => {
      const [file] = field.files ?? [];
      field.value = ""; // the same file may be chosen again
      if (file) onFile(file);
    },
  });
  return field;
}

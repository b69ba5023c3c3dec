/**
 * Keep what is on the pad, with a label, in one's own collection or in that of a class.
 *
 * What is sent is what the model sees, and only at a press. Nothing is said to be kept before the server says so; the pad
 * is emptied then, for the next one, unless a hand has begun that already.
 */

import { element, setText, textButton } from "../dom/dom.js";

/** @typedef {import("../dom/pictures.js").Shape} Shape */

/** @typedef {import("../view.js").KeepSource} KeepSource */

/** As the collection takes them. */
const TAKEN = [1, 28, 28].join();
const LONGEST_LABEL = 20;

const OTHER_SHAPE = "Only 28 × 28 grey drawings can be kept. Choose a model of such images.";
const LOST = "The connection was lost, so it is not known whether it was kept. Press again: it is kept once.";

export class Keeping {
  /** @param {(image: Uint8Array) => void} onKept  told which image was kept */
  constructor(onKept) {
    this.onKept = onKept;
    /** @type {KeepSource | null} */
    this.source = null;
    /** What can be kept now, bytes, (C, H, W); null: nothing. @type {Uint8Array | null} */
    this.image = null;
    this.isSending = false;
    this.isTaken = true;
    /** @type {HTMLInputElement} */
    this.label = element("input", {
      type: "text",
      maxlength: LONGEST_LABEL,
      placeholder: "Label",
      autocomplete: "off",
      title: "What it shows, such as 4; it may stay empty",
      "aria-label": "Label of the drawing",
      "data-role": "keep-label",
      keydown: (event) => event.key === "Enter" && this.#keep(),
    });
    this.button = textButton("", "", () => this.#keep());
    this.said = element("span", { class: "le-caption", role: "status", "data-role": "kept" });
    this.element = element("div", { class: "le-keeping" }, this.label, this.button, this.said);
    this.setSource(null);
  }

  /** Python says where drawings go. @param {KeepSource | null} source */
  setSource(source) {
    const isOther = source?.collection !== this.source?.collection;
    this.source = source;
    this.element.hidden = !source;
    const isOwn = !source?.collection;
    setText(this.button, isOwn ? "Keep it" : "Send to the class");
    this.button.title = isOwn
      ? "Put what the model sees into your collection, below"
      : "Put what the model sees into the class's collection";
    if (isOther) this.#say("");
  }

  /** @param {Shape} shape  of the model's images */
  setShape(shape) {
    this.isTaken = shape.join() === TAKEN;
    this.label.disabled = !this.isTaken;
    this.#say(this.isTaken ? "" : OTHER_SHAPE);
    this.offer(null);
  }

  /** @param {Uint8Array | null} image  what is on the pad now, as the model sees it; null: nothing */
  offer(image) {
    this.image = this.isTaken ? image : null;
    this.button.disabled = !this.image || this.isSending;
  }

  async #keep() {
    const { image, source } = this;
    if (!image || !source || this.isSending) return;
    this.isSending = true;
    this.offer(image);
    this.#say("One moment …");
    const asked = new URLSearchParams({ label: this.label.value, collection: source.collection });
    let [said, isKept] = [LOST, false];
    try {
      const answer = await fetch(`${source.url}?${asked}`, {
        method: "POST",
        body: Uint8Array.from(image),
        headers: { "Content-Type": "application/octet-stream" },
      });
      isKept = answer.ok;
      said = isKept ? keptWords(await answer.json(), source.collection) : (await answer.text()) || LOST;
    } catch (error) {
      console.warn(error);
    }
    this.isSending = false;
    this.#say(said, !isKept);
    if (isKept) this.onKept(image);
    this.offer(this.image);
  }

  /** @param {string} text @param {boolean} [isWrong] */
  #say(text, isWrong = false) {
    setText(this.said, text);
    this.said.classList.toggle("le-wrong", isWrong);
  }
}

/** @param {{all: number, mine: number}} counts @param {string} collection @returns {string} */
function keptWords({ all, mine }, collection) {
  return collection ? `Sent: ${mine} of yours, ${all} in all.` : `Kept: ${all} in your collection.`;
}

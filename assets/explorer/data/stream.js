/**
 * The connection on which a run is watched: messages in the safetensors layout down; up, acknowledgements, whether
 * weights are wanted, and the latent whose picture frames are to bring. A lost connection is taken up again; a refusal is final.
 */

import { readMessage } from "./messages.js";
import { FormatError } from "./safetensors.js";
import { Socket } from "./socket.js";

/** @typedef {import("./messages.js").Message} Message */

/** What a reader is told, by the code with which the server closes for good. @type {Map<number, string>} */
const REFUSALS = new Map([
  [4403, "This run belongs to another browser, so it cannot be watched from here. Start a run of your own."],
  [4404, "This run is not there any more. Start a new one."],
  [4410, "Whoever shared this has stopped sharing it. Ask for a new link."],
]);

const LOST = "The connection to the run was lost. Training goes on; trying to come back to it …";
const UNREADABLE = "The run sent something that cannot be read here. Reload the page.";

export class RunStream {
  /**
   * @param {string} url  as a page has it: absolute path or http(s)
   * @param {(message: Message) => void} onMessage
   * @param {(trouble: string) => void} onTrouble  a sentence for the reader; an empty one: all is well again
   */
  constructor(url, onMessage, onTrouble) {
    this.onMessage = onMessage;
    this.onTrouble = onTrouble;
    this.wantsWeights = false;
    /** The latent whose picture frames bring, as it was told. */
    this.pinned = "null";
    this.isInTrouble = false;
    this.socket = new Socket(url, {
      onOpen: () => {
        if (this.wantsWeights) this.#tellWanted();
        if (this.pinned !== "null") this.#tellPinned();
      },
      onMessage: (data) => this.#receive(data),
      onLost: () => this.#say(LOST),
      onRefused: (code) => this.#say(REFUSALS.get(code) ?? LOST),
    }, [...REFUSALS.keys()]);
  }

  /**
   * Say whether the decoder's weights are wanted. They are the largest thing there is to send, so they come only
   * where a hand is on the map or a slider.
   *
   * @param {boolean} isWanted
   */
  wantWeights(isWanted) {
    if (this.wantsWeights === isWanted) return;
    this.wantsWeights = isWanted;
    this.#tellWanted();
  }

  /**
   * Say which latent's picture frames are to bring, while no hand is there to ask for more.
   *
   * @param {Float32Array | null} z  (D,)
   */
  pin(z) {
    const pinned = JSON.stringify(z?.length ? Array.from(z) : null);
    if (pinned === this.pinned) return;
    this.pinned = pinned;
    this.#tellPinned();
  }

  close() {
    this.socket.close();
  }

  #tellPinned() {
    this.socket.send(`{"pin": ${this.pinned}}`);
  }

  #tellWanted() {
    this.socket.send(JSON.stringify({ hand: this.wantsWeights }));
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.isInTrouble = sentence !== "";
    this.onTrouble(sentence);
  }

  /** @param {ArrayBuffer} data */
  #receive(data) {
    if (this.isInTrouble) this.#say("");
    try {
      const { seq, message } = readMessage(data);
      this.onMessage(message);
      this.socket.send(JSON.stringify({ ack: seq }));
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof SyntaxError)) throw error;
      this.#say(UNREADABLE);
      this.close();
    }
  }
}

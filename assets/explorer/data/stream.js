/**
 * The WebSocket on which a run is watched: messages in the safetensors layout down, acknowledgements and the hand's
 * coming and going up. A lost connection is taken up again; a refusal is final.
 */

import { FormatError, Safetensors } from "./safetensors.js";

/**
 * @typedef {object} Message
 * @property {"hello" | "frame" | "snapshot" | "weights" | "state" | "timeline" | "detail"} kind
 * @property {Record<string, any>} facts
 * @property {Safetensors} file
 */

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;

const REFUSALS = {
  4403: "This run belongs to another browser, so it cannot be watched from here. Start a run of your own.",
  4404: "This run is not there any more. Start a new one.",
  4410: "Whoever shared this has stopped sharing it. Ask for a new link.",
};

export class RunStream {
  /**
   * @param {string} url                              ws: or wss:
   * @param {(message: Message) => void} onMessage
   * @param {(trouble: string, isFinal: boolean) => void} onTrouble  an empty text: all is well again
   */
  constructor(url, onMessage, onTrouble) {
    Object.assign(this, { url, onMessage, onTrouble });
    this.isClosed = false;
    this.hasHand = false;
    this.failures = 0;
    this.timer = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.#connect();
  }

  /** Say whether a hand is on the map or a slider: only then weights are sent. @param {boolean} isOn */
  hand(isOn) {
    if (this.hasHand === isOn) return;
    this.hasHand = isOn;
    this.#send({ hand: isOn });
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  #connect() {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      if (this.hasHand) this.#send({ hand: true });
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.socket) this.#receive(data);
    };
    socket.onclose = ({ code }) => {
      if (socket === this.socket && !this.isClosed) this.#lost(code);
    };
  }

  /** @param {ArrayBuffer} data */
  #receive(data) {
    if (this.failures) this.onTrouble("", false);
    this.failures = 0;
    try {
      const file = new Safetensors(data);
      this.onMessage({
        kind: /** @type {any} */ (file.metadata.kind),
        facts: JSON.parse(file.metadata.json ?? "{}"),
        file,
      });
      this.#send({ ack: Number(file.metadata.seq) });
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof SyntaxError)) throw error;
      this.onTrouble("The run sent something that cannot be read here. Reload the page.", true);
      this.close();
    }
  }

  /** @param {number} code */
  #lost(code) {
    this.socket = null;
    if (REFUSALS[code]) {
      this.isClosed = true;
      this.onTrouble(REFUSALS[code], true);
      return;
    }
    this.failures += 1;
    if (this.failures > 1) {
      this.onTrouble(
        "The connection to the run was lost. Training goes on; trying to come back to it …",
        false,
      );
    }
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.failures - 1));
    this.timer = setTimeout(() => this.#connect(), wait * (0.75 + 0.5 * Math.random()));
  }

  #send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}

/**
 * A WebSocket that is taken up again when it is lost: after ever longer waits, until the server says that it is of no
 * use, or someone closes it.
 */

/** Before the first try to come back, and at most before any, in ms. */
const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;

/** A connection that lasted so long was a good one, in ms: if it is lost, the waits begin anew. */
const LASTED = 10_000;

/** Close codes by which the server says that coming back is of no use; `ui/web/sockets/stream.py` has them. */
const FINAL_CODES = [1003, 4403, 4404, 4410];

export class Socket {
  /**
   * @param {string} url  as a page has it: absolute path or http(s)
   * @param {object} on
   * @param {() => void} [on.onOpen]
   * @param {(data: any) => void} [on.onMessage]   a text, or an ArrayBuffer
   * @param {() => void} [on.onLost]               it is lost, and was not found again at once
   * @param {(code: number) => void} [on.onRefused]  one of the final codes: it stays closed
   * @param {number[]} [finalCodes]
   */
  constructor(url, { onOpen, onMessage, onLost, onRefused }, finalCodes = FINAL_CODES) {
    this.onOpen = onOpen;
    this.onMessage = onMessage;
    this.onLost = onLost;
    this.onRefused = onRefused;
    this.finalCodes = finalCodes;
    const where = new URL(url, location.href);
    where.protocol = where.protocol === "https:" ? "wss:" : "ws:";
    this.url = where.href;
    this.failures = 0;
    this.timer = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.#connect();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Send, if there is a connection. @param {string} text */
  send(text) {
    if (this.isOpen) this.socket?.send(text);
  }

  close() {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  #connect() {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let opened = Infinity;
    socket.onopen = () => {
      if (socket !== this.socket) return;
      opened = performance.now();
      this.onOpen?.();
    };
    // To be let in alone is no success: a server that has no place lets a browser in to say so.
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.failures = 0;
      this.onMessage?.(data);
    };
    socket.onclose = ({ code }) => {
      if (socket !== this.socket) return;
      this.socket = null;
      if (this.finalCodes.includes(code)) {
        this.onRefused?.(code);
        return;
      }
      if (performance.now() - opened > LASTED) this.failures = 0;
      this.failures += 1;
      if (this.failures > 1) this.onLost?.();
      const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.failures - 1));
      this.timer = setTimeout(() => this.#connect(), wait * (0.75 + 0.5 * Math.random()));
    };
  }
}

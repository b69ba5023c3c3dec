/**
 * A WebSocket that is taken up again when it is lost: after ever longer waits, until the server says that it is of no
 * use (`FINAL`), or someone closes it.
 */

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;

/** Close codes that mean no. */
const FINAL = [1003, 4403, 4404, 4410];

export class Socket {
  /**
   * @param {string} url  as a page has it: absolute path or http(s)
   * @param {{onOpen?: () => void, onText?: (text: string) => void, onLost?: () => void,
   *     onRefused?: (code: number) => void}} on
   */
  constructor(url, { onOpen = () => {}, onText = () => {}, onLost = () => {}, onRefused = () => {} }) {
    Object.assign(this, { onOpen, onText, onLost, onRefused });
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
    if (this.isOpen) this.socket.send(text);
  }

  close() {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  #connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.failures = 0;
      this.onOpen();
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.socket) this.onText(data);
    };
    socket.onclose = ({ code }) => {
      if (socket !== this.socket) return;
      this.socket = null;
      if (FINAL.includes(code)) {
        this.onRefused(code);
        return;
      }
      this.failures += 1;
      if (this.failures > 1) this.onLost();
      const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.failures - 1));
      this.timer = setTimeout(() => this.#connect(), wait * (0.75 + 0.5 * Math.random()));
    };
  }
}

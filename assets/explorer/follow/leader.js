/**
 * Follow me, the leader's side: tell the server what is shown here, as the hand moves, a few times a second.
 *
 * It looks at the view now and then instead of listening to it: what has not changed is not sent, and a hand that moves
 * is worth no more than twelve messages a second, however many followers there are.
 */

import { Socket } from "../data/socket.js";
import { rounded } from "../latent/codes.js";
import { NO_CHOICES } from "../map/scene/choices.js";

/** How long it waits before it looks again whether something else is shown, in ms. */
const EVERY = 80;

export class Leader {
  /**
   * @param {string} url
   * @param {import("../view.js").View} view
   * @param {() => import("../view.js").ExplorerData} data  as Python said last
   */
  constructor(url, view, data) {
    this.view = view;
    this.data = data;
    this.told = "";
    this.socket = new Socket(url, {
      onOpen: () => this.#tellAnew(),
      onRefused: () => this.close(),
    });
    this.timer = setInterval(() => this.#tell(), EVERY);
    // The last window that was touched is the one that is followed.
    this.onTouch = () => {
      if (!document.hidden) this.#tellAnew();
    };
    addEventListener("focus", this.onTouch);
  }

  close() {
    clearInterval(this.timer);
    removeEventListener("focus", this.onTouch);
    this.socket.close();
  }

  /** Tell what is shown, even if it was told before. */
  #tellAnew() {
    this.told = "";
    this.#tell();
  }

  /** Tell what is shown, unless it is what was told last. */
  #tell() {
    if (document.hidden || !this.socket.isOpen) return;
    const text = JSON.stringify(this.#shown());
    if (text === this.told) return;
    this.told = text;
    this.socket.send(text);
  }

  /** What is shown now, as `ui/web/sockets/shown.py` reads it. */
  #shown() {
    const { bundle, stream, foreign, mode } = this.data();
    if (foreign) return { foreign: true };
    const { cursor, panel, particulars } = this.view;
    const { ranges, size, ...choices } = panel?.choices ?? NO_CHOICES;
    return {
      page: mode,
      model: bundle?.name ?? null,
      run: stream?.run ?? null,
      z: rounded(cursor?.z),
      ...choices,
      ranges: panel?.space ? ranges?.map(precise) : null,
      size: panel?.space ? size : null,
      ...particulars,
    };
  }
}

/** @param {number} value @returns {number} as many digits as a screen can show */
function precise(value) {
  return Number(value.toPrecision(6));
}

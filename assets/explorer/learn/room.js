/**
 * A lesson that a class does together, as one of its browsers has it: it says what was predicted and passed here, and
 * hears how far the teacher has led the class, and what all have said.
 */

import { Socket } from "../data/socket.js";

/** @typedef {import("../data/lesson.js").RoomSource} RoomSource */
/** @typedef {import("../data/lesson.js").RoomNews} RoomNews */

/** A sign of life keeps the connection open through what closes quiet ones, in ms. */
const LIFE = 20_000;
/** The class, and the opening of a lesson, that this browser has begun last. */
const KEY = "latent-explorer-class";

export class Room {
  /**
   * @param {RoomSource} source
   * @param {object} on
   * @param {(news: RoomNews) => void} on.onNews
   * @param {() => void} on.onOver  the teacher has ended it
   */
  constructor(source, { onNews, onOver }) {
    this.source = source;
    /** What was said last, to be said again when the connection was lost. */
    this.said = "";
    this.socket = new Socket(source.url, {
      onOpen: () => this.said && this.socket.send(this.said),
      onMessage: (text) => onNews(JSON.parse(text)),
      onRefused: onOver,
    });
    this.timer = setInterval(() => this.socket.send("{}"), LIFE);
  }

  /** Say how far this browser is. @param {{prediction: number | null, step: number}} how */
  tell({ prediction, step }) {
    const said = JSON.stringify({ turn: this.source.turn, prediction, step });
    if (said === this.said) return;
    this.said = said;
    this.socket.send(said);
  }

  close() {
    clearInterval(this.timer);
    this.socket.close();
  }
}

/**
 * A class begins together: what was done in a lesson before is forgotten, once for each time that it is opened.
 *
 * @param {RoomSource} source
 * @returns {boolean} whether this browser has not begun it yet
 */
export function beginsNow({ url, turn }) {
  const name = `${url} ${turn}`;
  try {
    if (localStorage.getItem(KEY) === name) return false;
    localStorage.setItem(KEY, name);
  } catch {
    return false; // nothing is kept here, so there is nothing to forget
  }
  return true;
}

/**
 * Follow me, the followers' side: show what the leader shows, and move along.
 *
 * The leader's model or run is drawn by the very view that the leader looks at. One's own hand may move over the map,
 * too; the leader's next move takes it back.
 */

import { Reporter } from "../data/reporter.js";
import { Socket } from "../data/socket.js";
import { DecodeService } from "../decode/service.js";
import { element, setText } from "../dom/dom.js";
import { ExploreView } from "../explore/explore-view.js";
import { TrainView } from "../train/train-view.js";

const VIEWS = { explore: ExploreView, train: TrainView };

/** A sign of life keeps the connection open through what closes quiet ones, in ms. */
const LIFE = 20_000;
/** A run's map comes some time after it is opened; the leader's latent waits for it, in ms. */
const AGAIN = 200;

const WAITING = "Nothing to see yet: whoever leads is on a page without a map.";
const FOREIGN =
  "Whoever leads looks at something that someone else shares with them, and cannot pass it on. You see what they " +
  "show next.";
const FOLLOWING =
  "You see what whoever leads shows. Move over the map yourself; their next move takes you back.";
const LOST = "The connection was lost; trying to come back …";
const OVER = {
  4404: "This link leads nowhere any more. Ask for a new one.",
  4410: "Whoever led has stopped. Thank you for following.",
};

/** What there is to see while nothing is shown. */
const NO_PICTURE = { z: [], lastLatency: NaN, decode: () => Promise.reject(new Error("Nothing is shown.")) };
const NO_MAP = { positions: [], recolourAll: () => {}, onHand: () => {} };

export class FollowView {
  /** @param {import("../view.js").ViewContext} context */
  constructor(context) {
    this.context = context;
    this.words = element("p", { class: "le-status", role: "status" }, "Connecting …");
    this.stage = element("div", {});
    this.element = element("div", { class: "le-follow" }, this.words, this.stage);
    /** @type {import("../view.js").View | null} */
    this.inner = null;
    this.subject = "";
    /** What the leader said last. @type {{z: number[] | null, axes: string | null}} */
    this.said = { z: null, axes: null };
    this.timer = 0;
  }

  get isReady() {
    return this.inner?.isReady ?? false;
  }

  get frames() {
    return this.inner?.frames ?? 0;
  }

  get decoded() {
    return this.inner?.decoded ?? NO_PICTURE;
  }

  get map() {
    return this.inner?.map ?? NO_MAP;
  }

  get bundle() {
    return this.inner?.bundle ?? null;
  }

  async open() {
    this.socket = new Socket(this.context.data.follow, {
      // Of what was shown before a connection was lost, something may be lost for good: a run's own, refused while
      // the leader had not come back yet.
      onOpen: () => (this.subject = ""),
      onMessage: (text) => this.#hear(JSON.parse(text)),
      onLost: () => setText(this.words, LOST),
      onRefused: (code) => {
        this.#show(null);
        setText(this.words, OVER[code] ?? OVER[4404]);
      },
    });
    this.life = setInterval(() => this.socket.send("{}"), LIFE);
  }

  update() {} // all there is to know comes from the leader

  recolour() {
    this.inner?.recolour?.();
  }

  close() {
    clearInterval(this.life);
    this.socket?.close();
    this.#show(null);
  }

  /** @param {{mode: "explore" | "train" | null, foreign?: boolean, bundle?: any, stream?: any, z?: any, axes?: any}} said */
  #hear(said) {
    const subject = JSON.stringify([said.mode, said.bundle?.url ?? said.stream?.run ?? null]);
    this.said = { z: said.z ?? null, axes: said.axes ?? null };
    if (subject !== this.subject) {
      this.subject = subject;
      this.#show(said.mode ? said : null);
    }
    setText(this.words, this.inner ? FOLLOWING : said.foreign ? FOREIGN : WAITING);
    this.#move();
  }

  /** Put a view for another subject in place of the one before. */
  #show(said) {
    clearTimeout(this.timer);
    this.inner?.close();
    this.service?.close();
    this.inner = null;
    this.stage.replaceChildren();
    if (!said) return;
    this.service = new DecodeService();
    const data = {
      ...this.context.data,
      mode: said.mode,
      bundle: said.bundle ?? null,
      stream: said.stream ?? null,
      z: this.said.z,
      axes: this.said.axes,
      layers: null,
    };
    const inner = new VIEWS[said.mode]({ data, service: this.service, reporter: new Reporter() });
    this.inner = inner;
    this.stage.append(inner.element);
    inner.open().then(
      () => this.#move(),
      (error) => {
        if (this.inner === inner) setText(this.words, error.message);
      },
    );
  }

  /** Go where the leader is, as soon as there is a map to go on. */
  #move() {
    clearTimeout(this.timer);
    const { inner, said } = this;
    if (!inner || !said.z?.length) return;
    const { cursor, panel } = inner;
    if (cursor?.z.length !== said.z.length || !panel?.space) {
      this.timer = setTimeout(() => this.#move(), AGAIN);
      return;
    }
    if (said.axes && said.axes !== panel.axesName) inner.setAxes?.(said.axes);
    inner.map.onHand(); // the newest weights of a run are for those who look
    cursor.start(Float32Array.from(said.z));
  }
}

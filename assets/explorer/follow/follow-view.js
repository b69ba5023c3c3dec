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
const NOWHERE = "This link leads nowhere any more. Ask for a new one.";
const OVER = "Whoever led has stopped. Thank you for following.";

/** The close code of a link that was taken back. */
const TAKEN_BACK = 4410;

/** What there is to see while nothing is shown. */
const NO_PICTURE = { z: [], lastLatency: NaN, decode: () => Promise.reject(new Error("Nothing is shown.")) };
const NO_MAP = { positions: [], recolourAll: () => {}, onTouch: () => {} };

/**
 * @typedef {object} Told            what a follower is told, as `ui/web/following.py` has it
 * @property {"explore" | "train" | null} mode  null: there is nothing to see
 * @property {boolean} [foreign]     what is shown is not the leader's to pass on
 * @property {import("../view.js").BundleSource} [bundle]
 * @property {{url: string, run: string}} [stream]
 * @property {number[] | null} [z]   (D,)
 * @property {string | null} [axes]
 */

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
    /** What the leader said last of the place on the map. @type {{z: number[] | null, axes: string | null}} */
    this.place = { z: null, axes: null };
    this.timer = 0;
    this.lifeTimer = 0;
    /** @type {Socket | null} */
    this.socket = null;
    /** @type {DecodeService | null} */
    this.service = null;
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

  open() {
    const { follow } = this.context.data;
    if (!follow) return Promise.reject(new Error("There is no link to follow."));
    const socket = new Socket(follow, {
      // Of what was shown before a connection was lost, something may be lost for good: a run's own, refused while
      // the leader had not come back yet.
      onOpen: () => (this.subject = ""),
      onMessage: (text) => this.#follow(JSON.parse(text)),
      onLost: () => setText(this.words, LOST),
      onRefused: (code) => {
        this.#change(null);
        setText(this.words, code === TAKEN_BACK ? OVER : NOWHERE);
      },
    });
    this.socket = socket;
    this.lifeTimer = setInterval(() => socket.send("{}"), LIFE);
    return Promise.resolve();
  }

  update() {} // all there is to know comes from the leader

  recolour() {
    this.inner?.recolour?.();
  }

  close() {
    clearInterval(this.lifeTimer);
    this.socket?.close();
    this.#change(null);
  }

  /** @param {Told} told */
  #follow(told) {
    const subject = JSON.stringify([told.mode, told.bundle?.url ?? told.stream?.run ?? null]);
    this.place = { z: told.z ?? null, axes: told.axes ?? null };
    if (subject !== this.subject) {
      this.subject = subject;
      this.#change(told);
    }
    setText(this.words, this.inner ? FOLLOWING : told.foreign ? FOREIGN : WAITING);
    this.#move();
  }

  /** Put a view for another subject in place of the one before. @param {Told | null} told  null: for none */
  #change(told) {
    clearTimeout(this.timer);
    this.inner?.close();
    this.service?.close();
    this.inner = null;
    this.stage.replaceChildren();
    if (!told?.mode) return;
    const service = new DecodeService();
    this.service = service;
    const data = {
      ...this.context.data,
      mode: told.mode,
      bundle: told.bundle ?? null,
      stream: told.stream ? { ...told.stream, keyframes: null } : null,
      ...this.place,
      layers: null,
    };
    /** @type {import("../view.js").View} */
    const inner = new VIEWS[told.mode]({ data, service, reporter: new Reporter() });
    this.inner = inner;
    this.stage.append(inner.element);
    inner.open().then(
      () => this.#move(),
      (/** @type {Error} */ error) => {
        if (this.inner === inner) setText(this.words, error.message);
      },
    );
  }

  /** Go where the leader is, as soon as there is a map to go on. */
  #move() {
    clearTimeout(this.timer);
    const { inner, place: { z, axes } } = this;
    if (!inner || !z?.length) return;
    const { cursor, panel } = inner;
    if (cursor?.z.length !== z.length || !panel?.space) {
      this.timer = setTimeout(() => this.#move(), AGAIN);
      return;
    }
    if (axes && axes !== panel.axesName) inner.setAxes?.(axes);
    inner.map.onTouch(); // the newest weights of a run are for those who look
    cursor.start(Float32Array.from(z));
  }
}

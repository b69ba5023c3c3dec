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
import { InterpolateView } from "../interpolate/interpolate-view.js";
import { NO_CHOICES } from "../map/scene/choices.js";
import { TrainView } from "../train/train-view.js";

const VIEWS = { explore: ExploreView, interpolate: InterpolateView, train: TrainView };

/** A sign of life keeps the connection open through what closes quiet ones, in ms. */
const LIFE = 20_000;
/** A run's map comes some time after it is opened; the leader's latent waits for it, in ms. */
const AGAIN = 200;

const WAITING = "Nothing to see yet: whoever leads is on a page without a map.";
const FOREIGN =
  "Whoever leads looks at something that someone else shares with them, and cannot pass it on. You see what they " +
  "show next.";
const FOLLOWING = "Following";
const LOST = "The connection was lost; trying to come back …";
const NOWHERE = "This link leads nowhere any more. Ask for a new one.";
const OVER = "Whoever led has stopped. Thank you for following.";

/** The close code of a link that was taken back. */
const TAKEN_BACK = 4410;

/** What there is to see while nothing is shown. */
const NO_PICTURE = { z: [], lastLatency: NaN, decode: () => Promise.reject(new Error("Nothing is shown.")) };
const NO_MAP = { positions: [], recolourAll: () => {}, onTouch: () => {} };

/**
 * @typedef {object} Told            what a follower is told, as `ui/web/sockets/following.py` has it
 * @property {"explore" | "interpolate" | "train" | null} mode  null: there is nothing to see
 * @property {boolean} [foreign]     what is shown is not the leader's to pass on
 * @property {import("../view.js").BundleSource} [bundle]
 * @property {import("../view.js").RunSource} [stream]
 * @property {number[] | null} [z]   (D,)
 */

/** @typedef {Told & Partial<import("../view.js").MapChoices> & import("../view.js").Particulars} Shown */

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
    /** What the leader said last. @type {Shown} */
    this.shown = { mode: null };
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

  /** @param {Shown} told */
  #follow(told) {
    const subject = JSON.stringify([told.mode, told.bundle?.url ?? told.stream?.run ?? null]);
    this.shown = told;
    if (subject !== this.subject) {
      this.subject = subject;
      this.#change(told);
    }
    setText(this.words, this.inner ? FOLLOWING : told.foreign ? FOREIGN : WAITING);
    this.#move();
  }

  /** Put a view for another subject in place of the one before. @param {Shown | null} told  null: for none */
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
      stream: told.stream ?? null,
      z: told.z ?? null,
      axes: told.axes ?? null,
      layers: told.layers ?? null,
      interpolation: told.walk ?? null,
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

  /** Show what the leader shows, as soon as there is a map to show it on. */
  #move() {
    clearTimeout(this.timer);
    const { inner, shown } = this;
    const { z, axes } = shown;
    if (!inner || !z?.length) return;
    const { cursor, panel } = inner;
    if (cursor?.z.length !== z.length || !panel?.space) {
      this.timer = setTimeout(() => this.#move(), AGAIN);
      return;
    }
    if (axes && axes !== panel.axesName) inner.setAxes?.(axes);
    panel.takeChoices({ ...NO_CHOICES, ...shown });
    inner.takeParticulars?.(shown);
    inner.map.onTouch(); // the newest weights of a run are for those who look
    cursor.start(Float32Array.from(z));
  }
}

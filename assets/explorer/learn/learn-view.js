/** Learn: the list of lessons, or one of them played. */

import { lessonList } from "./lesson-list.js";
import { Player } from "./player.js";
import { keepProgress } from "./progress.js";
import { beginsNow, Room } from "./room.js";
import { element, setText, textButton } from "../dom/dom.js";

/** @typedef {import("../view.js").ViewContext} ViewContext */
/** @typedef {import("../view.js").ExplorerData} ExplorerData */

/** Where no map is: it has no points, and no colours to change. @type {import("../view.js").ShownMap} */
const NO_MAP = { positions: [], recolourAll() {}, onTouch() {} };

/** Where no latent is decoded. @type {import("../view.js").ShownPicture} */
const NO_PICTURE = {
  z: [],
  lastLatency: NaN,
  decode: () => Promise.reject(new Error("Nothing is decoded here.")),
};

export class LearnView {
  /** @param {ViewContext} context */
  constructor(context) {
    const { data, reporter } = context;
    this.context = context;
    this.isReady = false;
    this.frames = 0;
    this.trouble = element("p", { class: "le-caption le-trouble", role: "alert" });
    /** Orders have growing numbers: the same one told twice is one. */
    const order = (/** @type {Record<string, unknown>} */ what) => {
      reporter.report("order", { number: Date.now() + performance.now() / 1e6, ...what });
      reporter.flush();
    };
    this.order = order;
    this.data = data;
    /** A run of before everything was set back: it is shown no more. @type {string | null} */
    this.forgotten = null;
    this.classWords = element("p", { class: "le-status", role: "status", hidden: true });
    /** The opening that was gone to last. */
    this.turn = data.room?.turn ?? 0;
    this.room = this.#join(data.room ?? null);
    /** @type {Player | null} */
    this.player = this.#makePlayer(data);
    this.element = element(
      "div",
      { class: "le-learn" },
      this.trouble,
      this.classWords,
      this.player?.element ??
        lessonList(data.lessons ?? [], (slug) => order({ do: "open", values: { slug } })),
    );
    this.update(data);
  }

  get bundle() {
    return this.player?.thing.bundle ?? null;
  }

  get decoded() {
    return this.player?.thing.decoded ?? NO_PICTURE;
  }

  get thing() {
    return this.player?.thing ?? null;
  }

  get map() {
    return this.player?.thing.map ?? NO_MAP;
  }

  /** What the lesson's thing measures now. @returns {import("../data/lesson.js").Values | null} */
  get quantities() {
    return this.player?.thing.values ?? null;
  }

  async open() {
    await this.player?.open();
    this.isReady = true;
  }

  /** @param {ExplorerData} data @returns {Player | null} */
  #makePlayer(data) {
    const { lesson } = data;
    if (!lesson) return null;
    const { service } = this.context;
    const room = lesson.slug === data.room?.lesson ? this.room : null;
    return new Player({
      lesson,
      data: this.#remembered(data),
      service,
      order: this.order,
      room,
      onSetBack: () => this.#setBack(),
    });
  }

  /** @param {ExplorerData} data @returns {ExplorerData} without a run that is forgotten */
  #remembered(data) {
    return data.stream && data.stream.run === this.forgotten ? { ...data, stream: null } : data;
  }

  #forget() {
    this.forgotten = this.data.stream?.run ?? null;
  }

  /** Play the lesson from the start: whatever a hand has set or drawn is as it was when the page was opened. */
  #setBack() {
    const { player, data } = this;
    if (!player) return;
    this.#forget();
    const next = this.#makePlayer(data);
    if (!next) return;
    player.close();
    player.element.replaceWith(next.element);
    this.player = next;
    next.open().then(() => next.focus());
  }

  /** @param {ExplorerData} data */
  update(data) {
    this.data = data;
    setText(this.trouble, data.trouble ?? "");
    this.player?.update(this.#remembered(data));
  }

  recolour() {
    this.player?.recolour();
  }

  close() {
    this.room?.close();
    this.player?.close();
  }

  /** @param {import("../data/lesson.js").RoomSource | null} source @returns {Room | null} */
  #join(source) {
    if (!source) return null;
    if (beginsNow(source)) {
      keepProgress(source.lesson, null);
      this.#forget();
    }
    if (this.context.data.lesson?.slug !== source.lesson) {
      this.classWords.hidden = false;
      this.classWords.replaceChildren(
        `Your class does the lesson ${source.title}. `,
        textButton("Go there", "To what the class does now", () => this.#goAlong()),
      );
    }
    return new Room(source, {
      onNews: (news) => {
        if (news.turn > this.turn) {
          this.turn = news.turn;
          this.#goAlong();
        } else if (news.turn === source.turn) this.player?.hear(news);
      },
      onOver: () => {
        this.classWords.hidden = false;
        this.classWords.textContent = "The class is over. This lesson is yours to go on with.";
        this.player?.hear(null);
      },
    });
  }

  /** Go to what the class does. */
  #goAlong() {
    this.order({ do: "open", values: { slug: "" } });
  }
}

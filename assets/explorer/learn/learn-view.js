/** Learn: the list of lessons, or one of them played. */

import { lessonList } from "./lesson-list.js";
import { Player } from "./player.js";
import { element, setText } from "../dom/dom.js";

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
    const { data, service, reporter } = context;
    this.context = context;
    this.isReady = false;
    this.frames = 0;
    this.trouble = element("p", { class: "le-caption le-trouble", role: "alert" });
    /** Orders have growing numbers: the same one told twice is one. */
    const order = (/** @type {Record<string, unknown>} */ what) => {
      reporter.report("order", { number: Date.now() + performance.now() / 1e6, ...what });
      reporter.flush();
    };
    /** @type {Player | null} */
    this.player = data.lesson ? new Player({ lesson: data.lesson, data, service, order }) : null;
    this.element = element(
      "div",
      { class: "le-learn" },
      this.trouble,
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

  /** @param {ExplorerData} data */
  update(data) {
    setText(this.trouble, data.trouble ?? "");
    this.player?.update(data);
  }

  recolour() {
    this.player?.recolour();
  }

  close() {
    this.player?.close();
  }
}

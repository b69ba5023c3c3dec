/**
 * The component: one per place on a page, drawn by one of six views.
 *
 * Streamlit calls the default function with the element, the data and `setStateValue`: at mount, again for new data
 * or another theme, and now and then twice; its clean-ups come late and not for every call. So there is one
 * `Explorer` per element, it is destroyed only when that element has left the page, and what is worth keeping
 * between pages (parsed models, Plotly) lives in the modules.
 */

import { BundleError, loadBundle } from "./data/bundle.js";
import { Reporter } from "./data/reporter.js";
import { FormatError } from "./data/safetensors.js";
import { encoderOf } from "./decode/encoder.js";
import { areKernelsHere, kernels, KernelsError } from "./decode/kernels/kernels.js";
import { DecodeService } from "./decode/service.js";
import { watchPixelRatio } from "./dom/canvas.js";
import { element } from "./dom/dom.js";
import { readTheme } from "./dom/theme.js";
import { Leader } from "./follow/leader.js";

/** @typedef {import("./view.js").ExplorerData} ExplorerData */
/** @typedef {import("./view.js").View} View */
/** @typedef {(key: string, value: unknown) => void} SetStateValue  tells Python, which reruns the page */

/** @typedef {new (context: import("./view.js").ViewContext) => View} ViewClass */

/** By the mode that Python asks for: a page fetches the modules of its own view alone. */
const VIEWS = {
  explore: () => import("./explore/explore-view.js").then((module) => module.ExploreView),
  train: () => import("./train/train-view.js").then((module) => module.TrainView),
  interpolate: () => import("./interpolate/interpolate-view.js").then((module) => module.InterpolateView),
  follow: () => import("./follow/follow-view.js").then((module) => module.FollowView),
  learn: () => import("./learn/learn-view.js").then((module) => module.LearnView),
  draw: () => import("./draw/draw-view.js").then((module) => module.DrawView),
};

/** The views that have come, by their modes. @type {Map<string, ViewClass>} */
const arrived = new Map();

/** When to look whether an element has left the page, in ms after a clean-up. */
const LOOKS = [0, 200, 2000];

// All that draws pictures expects them. Without them an explorer says so, and asks for them again.
await kernels().catch(() => {});

/** @type {Map<Element, Explorer>} */
const mounted = new Map();

/** What is known of the page's explorers as `window.latentExplorer`: the first one, and in `all` each of them. */
const page = /** @type {typeof globalThis & {latentExplorer?: Face & {all: Face[]}}} */ (globalThis);

/**
 * @param {{parentElement: HTMLElement, data: ExplorerData, setStateValue: SetStateValue}} component
 * @returns {() => void} the clean-up
 */
export default function mount({ parentElement, data, setStateValue }) {
  sweep();
  if (!parentElement.isConnected) return () => {}; // the page has gone on meanwhile
  let explorer = mounted.get(parentElement);
  if (!explorer) {
    explorer = new Explorer(parentElement, data);
    mounted.set(parentElement, explorer);
    publish();
  }
  explorer.update(data, setStateValue);
  return () => LOOKS.forEach((wait) => setTimeout(sweep, wait));
}

/** Destroy what is not on the page any more. */
function sweep() {
  for (const [root, explorer] of mounted) {
    if (root.isConnected) continue;
    explorer.close();
    mounted.delete(root);
  }
  publish();
}

/** Make the mounted explorers known as `window.latentExplorer`. */
function publish() {
  const all = [...mounted.values()].map((explorer) => explorer.face);
  if (all.length) page.latentExplorer = Object.assign(all[0], { all });
  else delete page.latentExplorer;
}

class Explorer {
  /** @param {HTMLElement} parent @param {ExplorerData} data  as Python said first */
  constructor(parent, data) {
    /** What Python said last. */
    this.data = data;
    /** @type {HTMLElement} */
    this.root = parent.querySelector(".latent-explorer") ??
      parent.appendChild(element("div", { class: "latent-explorer" }));
    this.notice = element("p", { class: "le-notice", role: "alert", hidden: true });
    this.root.append(this.notice);
    // Whatever the hand does here, nothing is told before it rests.
    this.root.addEventListener("pointermove", () => this.reporter?.stir(), { passive: true });
    // Canvases are drawn in the screen's own pixels: when these have another size they would be blurred.
    this.stopWatching = watchPixelRatio(() => this.#redraw());
    /** @type {View | null} */
    this.view = null;
    /** @type {DecodeService | null} */
    this.service = null;
    /** @type {Reporter | null} */
    this.reporter = null;
    /** @type {Leader | null} */
    this.leader = null;
    /** The mode and the model that the view was opened with. */
    this.subject = "";
    this.turn = 0;
    /** The theme that the view was drawn with. */
    this.themeKey = "";
    this.face = makeFace(this);
  }

  /** @param {ExplorerData} data @param {SetStateValue} setStateValue */
  update(data, setStateValue) {
    const turn = data.turn ?? this.turn;
    if (turn < this.turn) return; // an older call that comes late
    this.turn = turn;
    this.data = data;
    const viewClass = arrived.get(data.mode);
    if (!viewClass || !areKernelsHere()) {
      this.#fetch(data, setStateValue);
      return;
    }
    const { view, reporter } = this;
    const subject = JSON.stringify([
      data.mode,
      data.bundle?.url ?? null,
      data.lesson?.slug ?? null,
      data.room?.url ?? null,
      data.room?.turn ?? null,
    ]);
    if (!view || !reporter || subject !== this.subject) {
      this.subject = subject;
      this.#lead(this.#open(viewClass, data, setStateValue));
      return;
    }
    this.#lead(view);
    reporter.send = sender(data, setStateValue);
    this.#followTheme();
    view.update(data);
  }

  close() {
    this.stopWatching();
    this.leader?.close();
    this.reporter?.close();
    this.view?.close();
    this.service?.close();
    this.view = null;
    this.root.replaceChildren();
  }

  /**
   * Put a view for another subject in place of the one before.
   *
   * @param {ViewClass} viewClass
   * @param {ExplorerData} data
   * @param {SetStateValue} setStateValue
   * @returns {View}
   */
  #open(viewClass, data, setStateValue) {
    this.root.style.minHeight = `${this.root.offsetHeight}px`; // the page below stays where it is
    this.reporter?.close();
    this.view?.close();
    this.view?.element.remove();
    this.service?.close();
    this.notice.hidden = true;
    if (data.bundle) loadBundle(data.bundle).catch(() => {}); // on its way while the view is built
    const service = new DecodeService();
    const reporter = new Reporter();
    reporter.send = sender(data, setStateValue);
    const view = new viewClass({ data, service, reporter });
    Object.assign(this, { service, reporter, view });
    this.themeKey = "";
    this.root.append(view.element);
    this.#followTheme();
    const settle = () => {
      if (this.view === view) this.root.style.minHeight = "";
    };
    view.open().then(settle, (/** @type {unknown} */ error) => {
      if (this.view !== view) return;
      settle();
      view.element.hidden = true;
      this.#say(error);
    });
    return view;
  }

  /** Fetch what the page's view is made of. @param {ExplorerData} data @param {SetStateValue} setStateValue */
  async #fetch({ mode, bundle }, setStateValue) {
    if (bundle) loadBundle(bundle).catch(() => {}); // on its way meanwhile
    try {
      const [viewClass] = await Promise.all([VIEWS[mode](), kernels()]);
      arrived.set(mode, viewClass);
    } catch (error) {
      this.#say(error);
      return;
    }
    if (this.root.isConnected) this.update(this.data, setStateValue);
  }

  /** @param {unknown} error  why nothing can be shown */
  #say(error) {
    this.notice.textContent = sentenceOn(error);
    this.notice.hidden = false;
  }

  /** Tell followers what a view shows, if Python says that there may be some. @param {View} view */
  #lead(view) {
    const { lead: url } = this.data;
    if (url && this.leader?.view === view) return;
    this.leader?.close();
    this.leader = url ? new Leader(url, view, () => this.data) : null;
  }

  #followTheme() {
    const key = JSON.stringify(readTheme(this.root));
    if (this.themeKey && key !== this.themeKey) this.#redraw();
    this.themeKey = key;
  }

  /** Colours or the screen's pixels are others: draw all that no style sheet draws. */
  #redraw() {
    this.view?.map.recolourAll();
    this.view?.recolour?.();
  }
}

/** @param {unknown} error @returns {string} what a reader is told */
function sentenceOn(error) {
  if (error instanceof BundleError || error instanceof KernelsError) return error.message;
  if (error instanceof FormatError) return `This model cannot be read. ${error.message} Choose another one.`;
  console.error(error);
  return "The explorer could not start. Reload the page; if that does not help, choose another model.";
}

/**
 * Values go back together with what they belong to, because they outlive a change of model.
 *
 * @param {ExplorerData} data
 * @param {SetStateValue} setStateValue
 * @returns {Reporter["send"]}
 */
function sender(data, setStateValue) {
  const of = data.bundle?.url ?? data.stream?.run ?? null;
  return (key, value) => setStateValue(key, { of, value });
}

/** @typedef {ReturnType<typeof makeFace>} Face */

/**
 * What tests and curious readers can ask of an explorer.
 *
 * @param {Explorer} explorer
 */
function makeFace(explorer) {
  return {
    get ready() {
      return explorer.view?.isReady ?? false;
    },
    get bundle() {
      return explorer.view?.bundle?.name ?? null;
    },
    get z() {
      return Array.from(explorer.view?.decoded.z ?? []);
    },
    get points() {
      const flat = explorer.view?.map.positions ?? [];
      return Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n], flat[2 * n + 1]]);
    },
    get frames() {
      return explorer.view?.frames ?? 0;
    },
    get lastLatencyMs() {
      return explorer.view?.decoded.lastLatency ?? NaN;
    },
    /** What a lesson's thing measures now, by name; null where no lesson is. */
    get quantities() {
      return explorer.view?.quantities ?? null;
    },
    /** A lesson's thing to touch. */
    get thing() {
      return explorer.view?.thing ?? null;
    },
    /** The step that is shown of a run's past; null: now. */
    get keyframe() {
      return explorer.view?.keyframe ?? null;
    },
    /** From the hand's event to the first animation frame after that moment was drawn. */
    get lastKeyframeMs() {
      return explorer.view?.rewind?.lastLatency ?? NaN;
    },
    /** What is on the pad, encoded; null where nothing is, or no pad. */
    get drawn() {
      return explorer.view?.drawn ?? null;
    },
    /** Empty the pad. */
    clearDrawing: () => explorer.view?.clearDrawing?.(),
    /** @param {ArrayLike<number>} z @returns {Promise<Float32Array>} */
    decode: (z) => explorer.view?.decoded.decode(z) ?? Promise.reject(new Error("This explorer is gone.")),
    /** @param {ArrayLike<number>} image  pixels in [0, 1], (C, H, W) @returns {Promise<import("./decode/encoder.js").Code>} */
    encode: async (image) => {
      const bundle = explorer.view?.bundle;
      if (!bundle) throw new Error("There is no stored model here whose encoder could be run.");
      return await encoderOf(bundle).encode(image);
    },
  };
}

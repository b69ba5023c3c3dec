/**
 * What on the map moves with the cursor: where it is, where the pinned latent lies, lines to the nearest images, a ring
 * around the image looked at, one image's posterior. Elements, not canvases: moving them draws nothing else anew.
 */

import { element } from "../../dom/dom.js";
import { nearestCodes } from "../../latent/nearest-codes.js";
import { svgElement } from "../scene/pen.js";
import { MARGIN } from "../scene/viewport.js";

/** @typedef {import("../../cursor/cursor.js").Cursor} Cursor */
/** @typedef {import("../../cursor/cursor.js").Move} Move */
/** @typedef {import("../scene/pen.js").EllipsePlace} EllipsePlace */
/** @typedef {import("../scene/viewport.js").Pixel} Pixel */

/**
 * @template {keyof import("../scene/scene.js").Scene} K
 * @typedef {import("../scene/scene.js").SceneOf<K>} SceneOf
 */

/**
 * @typedef {object} Posteriors            on the map's axes
 * @property {boolean} hasOnePosterior      whether that of the image nearest to the cursor is to be seen, and there are any
 * @property {(isLookedAt: boolean) => void} lookAt  one image is looked at closely, whatever the layers say
 * @property {(index: number) => EllipsePlace | null} posteriorOf  one image's
 * @property {(mean: Float32Array, logvar: Float32Array | null) => EllipsePlace | null} posteriorAt  of an image that is
 *     none of the map's; null where it has no shape on these axes
 */

/** @typedef {{mean: Float32Array, logvar: Float32Array | null, samples: Float32Array}} OwnCode  of an image that is none of the map's: its posterior, (D,) each, and codes drawn from that, (S, D) */

export class CursorMarks {
  /**
   * @param {object} options
   * @param {SceneOf<"axes" | "viewport" | "points" | "space">} options.scene
   * @param {Cursor} options.cursor
   * @param {Readonly<Posteriors>} options.posteriors
   */
  constructor({ scene, cursor, posteriors }) {
    this.scene = scene;
    this.cursor = cursor;
    this.posteriors = posteriors;
    this.links = new Links();
    this.pinned = element("div", { class: "le-marker le-marker-pinned", "aria-hidden": "true" });
    this.hovered = element("div", { class: "le-marker le-marker-hover", "aria-hidden": "true" });
    this.elements = [this.links.element, this.pinned, this.hovered];
    /** The latent whose marker was placed last. @type {Float32Array | null} */
    this.pinnedLatent = null;
    /** The images that lines are drawn to. @type {number[]} */
    this.linked = [];
    /** The image looked at, and codes from its posterior. @type {{index: number, samples: Float32Array} | null} */
    this.ringed = null;
    /** Of an image that is none of the map's: what someone has drawn. @type {OwnCode | null} */
    this.own = null;
  }

  /** Draw lines from the cursor to images. @param {number[]} indices  of the probe */
  link(indices) {
    this.linked = indices;
    this.#placeLinks();
  }

  /**
   * Put a ring around an image, and crosses where samples of its posterior lie.
   *
   * @param {number | null} index
   * @param {Float32Array} [samples]  (S, D)
   */
  ring(index, samples = new Float32Array(0)) {
    this.ringed = index === null ? null : { index, samples };
    this.posteriors.lookAt(this.ringed !== null);
    this.#placeRing();
    this.#placePosterior();
  }

  /** Show the posterior of an image that is none of the map's; where it has no shape, samples of it. @param {OwnCode | null} own */
  showOwn(own) {
    this.own = own;
    this.#placeRing();
    this.#placePosterior();
  }

  /** The cursor has moved. @param {Move} move */
  follow(move) {
    if (move.pinned !== this.pinnedLatent) this.#placePinned();
    this.#placePosterior();
    if (move.isHover && move.place) this.#put(this.hovered, move.place);
    else this.hideHovered();
  }

  /** What the pointer is over is another place now; it is marked again when the pointer moves. */
  hideHovered() {
    this.hovered.hidden = true;
  }

  /** The viewport or the points have moved. */
  place() {
    if (!this.scene.axes) return;
    this.#placePinned();
    this.#placeLinks();
    this.#placeRing();
    this.#placePosterior();
  }

  /** @returns {EllipsePlace | null} that of one's own image, of the image looked at, or of the nearest if that is asked for */
  get posterior() {
    const { own, scene: { space } } = this;
    if (own) return this.posteriors.posteriorAt(own.mean, own.logvar);
    const { z, isHover } = this.cursor.last;
    const looked = isHover ? null : this.ringed;
    if (!space || !z.length || !(looked || this.posteriors.hasOnePosterior)) return null;
    const index = looked ? looked.index : nearestCodes(z, space, 1).indices[0];
    const place = this.posteriors.posteriorOf(index);
    return place?.every(Number.isFinite) ? place : null;
  }

  #placePinned() {
    const { cursor } = this;
    const { axes } = this.scene;
    if (!axes || !cursor.pinned.length) return;
    this.pinnedLatent = cursor.pinned;
    this.#put(this.pinned, cursor.pinnedPlace ?? axes.place(cursor.pinned));
  }

  #placePosterior() {
    const { posterior } = this;
    this.links.ellipse(posterior);
    // The ellipse of one's own image is what is looked for: the marker must not cover it.
    this.pinned.classList.toggle("le-marker-fine", this.own !== null && posterior !== null);
  }

  #placeLinks() {
    const { cursor } = this;
    const { axes, viewport, points } = this.scene;
    if (!axes || (!this.linked.length && !this.links.lines.children.length)) return;
    const { place, isHover, pinned } = cursor.last;
    const from = isHover && place ? place : (cursor.pinnedPlace ?? axes.place(pinned));
    this.links.join(
      viewport.toPixels(from[0], from[1]),
      this.linked.filter((n) => 2 * n < points.now.length).map((n) => this.#pixelsOf(n)),
    );
  }

  #placeRing() {
    const { own, ringed } = this;
    const { axes, viewport } = this.scene;
    if (!axes) return;
    const samples = own ? (this.posterior ? null : own.samples) : ringed?.samples;
    if (!samples && !ringed && !this.links.isMarked) return;
    const places = samples ? axes.place(samples) : [];
    this.links.mark(
      ringed && this.#pixelsOf(ringed.index),
      Array.from(
        { length: places.length / 2 },
        (_, n) => viewport.toPixels(places[2 * n], places[2 * n + 1]),
      ),
    );
  }

  /** @param {number} n @returns {Pixel} where an image's point is now */
  #pixelsOf(n) {
    const { viewport, points } = this.scene;
    return viewport.toPixels(points.now[2 * n], points.now[2 * n + 1]);
  }

  /** @param {HTMLElement} marker @param {ArrayLike<number>} place */
  #put(marker, place) {
    const { viewport } = this.scene;
    const [x, y] = viewport.toPixels(place[0], place[1]);
    marker.hidden = !viewport.contains(x, y);
    marker.style.transform = `translate(${x}px, ${y}px)`;
  }
}

export class Links {
  constructor() {
    this.element = svgElement("svg", { class: "le-links", "aria-hidden": "true" });
    // Where a line's end lies outside the viewport, the line must not cross ticks and titles on its way.
    const { top, right, bottom, left } = MARGIN;
    this.element.style.clipPath = `inset(${top}px ${right}px ${bottom}px ${left}px)`;
    this.lines = svgElement("g", { class: "le-link-lines" });
    this.samples = svgElement("g", { class: "le-link-samples" });
    this.ring = svgElement("circle", { class: "le-link-ring", r: 9, hidden: "" });
    this.posterior = svgElement("ellipse", { class: "le-link-posterior", hidden: "" });
    this.element.append(this.posterior, this.samples, this.lines, this.ring);
  }

  /** Draw one image's posterior. @param {import("../scene/pen.js").EllipsePlace | null} place */
  ellipse(place) {
    this.posterior.toggleAttribute("hidden", !place);
    if (!place) return;
    const [x, y, along, across, angle] = place;
    const transform = `translate(${x} ${y}) rotate(${(angle * 180) / Math.PI})`;
    set(this.posterior, { rx: along, ry: Math.max(1, across), transform });
  }

  /** @param {Pixel} from @param {Pixel[]} ends  the nearest first */
  join(from, ends) {
    fill(this.lines, ends.length, () => {
      const group = svgElement("g", {});
      group.append(
        svgElement("line", { class: "le-link-halo" }),
        svgElement("line", {}),
        svgElement("circle", { r: 4.5 }),
      );
      return group;
    });
    ends.forEach(([x, y], k) => {
      const [halo, line, dot] = this.lines.children[k].children;
      for (const each of [halo, line]) set(each, { x1: from[0], y1: from[1], x2: x, y2: y });
      set(dot, { cx: x, cy: y });
    });
  }

  /** Whether a ring or crosses are drawn. */
  get isMarked() {
    return !this.ring.hasAttribute("hidden") || this.samples.children.length > 0;
  }

  /** @param {Pixel | null} image @param {Pixel[]} samples  of its posterior */
  mark(image, samples) {
    this.ring.toggleAttribute("hidden", !image);
    if (image) set(this.ring, { cx: image[0], cy: image[1] });
    fill(this.samples, samples.length, () => svgElement("path", { d: "M-4,-4L4,4M-4,4L4,-4" }));
    samples.forEach(([x, y], k) => set(this.samples.children[k], { transform: `translate(${x} ${y})` }));
  }
}

/** @param {Element} parent @param {number} count @param {() => Element} makeOne */
function fill(parent, count, makeOne) {
  while (parent.children.length > count) parent.lastElementChild?.remove();
  while (parent.children.length < count) parent.append(makeOne());
}

/** @param {Element} node @param {Record<string, string | number>} attributes */
function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
}

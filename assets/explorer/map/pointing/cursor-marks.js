/**
 * What on the map moves with the hand: where it is, where the pinned latent lies, lines to the nearest images, a ring
 * around the image looked at, one image's posterior. Elements, not canvases: moving them draws nothing else anew.
 */

import { element } from "../../dom/dom.js";
import { nearestPoints } from "../../latent/projection.js";
import { MARGIN } from "../scene/viewport.js";

export class HandMarks {
  /** @param {import("../drawing/map.js").LatentMap} map  whose frame, points and axes they follow */
  constructor(map) {
    this.map = map;
    this.links = new Links();
    this.pinned = element("div", { class: "le-marker le-marker-pinned", "aria-hidden": "true" });
    this.hovered = element("div", { class: "le-marker le-marker-hover", "aria-hidden": "true" });
    this.elements = [this.links.element, this.pinned, this.hovered];
    /** The nearest images of the latent under the hand. @type {number[]} */
    this.linked = [];
    /** The image under the glass, and codes from its posterior. @type {{index: number, samples: Float32Array} | null} */
    this.marked = null;
  }

  /** Draw lines from the latent under the hand to images. @param {number[]} indices  of the probe */
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
  mark(index, samples = new Float32Array(0)) {
    this.marked = index === null ? null : { index, samples };
    this.#placeMarked();
  }

  /** @param {import("../../cursor/cursor.js").Move} move */
  show(move) {
    if (move.pinned !== this.pinnedLatent) this.#placePinned();
    this.#placePosterior();
    if (move.isHover) this.#put(this.hovered, move.place);
    else this.hovered.hidden = true;
  }

  /** The frame or the points have moved. */
  place() {
    if (!this.map.axes) return;
    this.#placePinned();
    this.#placeLinks();
    this.#placeMarked();
    this.#placePosterior();
  }

  /** @returns {import("../scene/pen.js").EllipsePlace | null} the posterior of the image nearest to the hand, if it is asked for */
  get posterior() {
    const { underlay, cursor, space, frame, points } = this.map;
    const { z, isHover } = cursor.last;
    if (!underlay.layers.has("ellipse") || !underlay.ellipses.shapes || !z.length) return null;
    const isLooking = this.marked !== null && !isHover;
    const index = isLooking ? this.marked.index : nearestPoints(z, space.mean, 1).indices[0];
    const place = underlay.ellipses.place(frame, points.now, index);
    return place.every(Number.isFinite) ? place : null;
  }

  #placePinned() {
    const { axes, cursor } = this.map;
    if (!cursor.pinned.length) return;
    this.pinnedLatent = cursor.pinned;
    this.#put(this.pinned, cursor.pinnedPlace ?? axes.place(cursor.pinned));
  }

  #placePosterior() {
    this.links.ellipse(this.posterior);
  }

  #placeLinks() {
    const { axes, cursor, frame, points } = this.map;
    if (!axes || (!this.linked.length && !this.links.lines.children.length)) return;
    const { place, isHover, pinned } = cursor.last;
    const from = isHover && place ? place : (cursor.pinnedPlace ?? axes.place(pinned));
    this.links.join(
      frame.toPixels(from[0], from[1]),
      this.linked.filter((n) => 2 * n < points.now.length).map((n) => this.#pixelsOf(n)),
    );
  }

  #placeMarked() {
    const { axes, frame } = this.map;
    if (!axes || (!this.marked && this.links.ring.hasAttribute("hidden"))) return;
    const places = this.marked ? axes.place(this.marked.samples) : [];
    this.links.mark(
      this.marked && this.#pixelsOf(this.marked.index),
      Array.from({ length: places.length / 2 }, (_, n) => frame.toPixels(places[2 * n], places[2 * n + 1])),
    );
  }

  /** @param {number} n @returns {[number, number]} where an image's point is now */
  #pixelsOf(n) {
    const { frame, points } = this.map;
    return frame.toPixels(points.now[2 * n], points.now[2 * n + 1]);
  }

  /** @param {HTMLElement} marker @param {ArrayLike<number>} place */
  #put(marker, place) {
    const [x, y] = this.map.frame.toPixels(place[0], place[1]);
    marker.hidden = !this.map.frame.contains(x, y);
    marker.style.transform = `translate(${x}px, ${y}px)`;
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {[number, number]} Place  px in the map */

export class Links {
  constructor() {
    this.element = make("svg", { class: "le-links", "aria-hidden": "true" });
    // Where a line's end lies outside the frame, the line must not cross ticks and titles on its way.
    const { top, right, bottom, left } = MARGIN;
    this.element.style.clipPath = `inset(${top}px ${right}px ${bottom}px ${left}px)`;
    this.lines = make("g", { class: "le-link-lines" });
    this.samples = make("g", { class: "le-link-samples" });
    this.ring = make("circle", { class: "le-link-ring", r: 9 });
    this.posterior = make("ellipse", { class: "le-link-posterior", hidden: "" });
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

  /** @param {Place | null} from @param {Place[]} ends  the nearest first */
  join(from, ends) {
    const wanted = from ? ends : [];
    fill(this.lines, wanted.length, () => {
      const group = make("g", {});
      group.append(make("line", { class: "le-link-halo" }), make("line", {}), make("circle", { r: 4.5 }));
      return group;
    });
    wanted.forEach(([x, y], k) => {
      const [halo, line, dot] = this.lines.children[k].children;
      for (const each of [halo, line]) set(each, { x1: from[0], y1: from[1], x2: x, y2: y });
      set(dot, { cx: x, cy: y });
    });
  }

  /** @param {Place | null} image @param {Place[]} samples  of its posterior */
  mark(image, samples) {
    this.ring.toggleAttribute("hidden", !image);
    if (image) set(this.ring, { cx: image[0], cy: image[1] });
    fill(this.samples, samples.length, () => make("path", { d: "M-4,-4L4,4M-4,4L4,-4" }));
    samples.forEach(([x, y], k) => set(this.samples.children[k], { transform: `translate(${x} ${y})` }));
  }
}

/** @param {Element} parent @param {number} count @param {() => Element} makeOne */
function fill(parent, count, makeOne) {
  while (parent.children.length > count) parent.lastElementChild.remove();
  while (parent.children.length < count) parent.append(makeOne());
}

/** @param {string} name @param {Record<string, any>} attributes @returns {SVGElement} */
function make(name, attributes) {
  const node = document.createElementNS(SVG, name);
  set(node, attributes);
  return node;
}

/** @param {Element} node @param {Record<string, any>} attributes */
function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
}

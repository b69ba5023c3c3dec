/** Lines on the map from the latent under the hand to its nearest real images; a ring around the image looked at. */

import { MARGIN } from "./frame.js";

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

  /** Draw one image's posterior. @param {import("./pen.js").EllipsePlace | null} place */
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

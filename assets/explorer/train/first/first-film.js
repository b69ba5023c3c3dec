/**
 * What Train shows before there is a run: a real one as a film that begins again and again, its dots parting while
 * digits form. `ui/train/recording.py` records it, and says what its file holds.
 */

import { FormatError, Safetensors } from "../../data/safetensors.js";
import { freshCanvas, prefersLessMotion } from "../../dom/canvas.js";
import { element, setText } from "../../dom/dom.js";
import { grouped } from "../../dom/format.js";
import { classColour } from "../../dom/palette.js";
import { Sheet } from "../../dom/pictures.js";
import { MovingPoints } from "../../map/scene/moving-points.js";
import { Viewport } from "../../map/scene/viewport.js";

/** @typedef {import("../../map/scene/colouring.js").Group} Group */

/** A moment of the film, and its last one, in ms. */
const [MOMENT, LAST] = [320, 2600];

/** Drawings a second: enough for dots that glide, and little work for a page that only invites. */
const RATE = 25;

/** So much of each axis is seen at least, as while a run streams. */
const REACH = 3;

/** Below the dots, room for Start and the digits, in shares of the height. */
const FOOT = 0.16;

/**
 * @typedef {object} Film
 * @property {Int32Array} step            (F,)
 * @property {Float32Array[]} positions   F times (P, 2)
 * @property {Group[]} groups             the dots by class
 * @property {Sheet} digits               what the model makes of K images
 * @property {Uint8Array[]} made          F times (K, C, H, W)
 */

export class FirstFilm {
  constructor() {
    this.canvas = element("canvas", {
      class: "le-first-map",
      role: "img",
      "aria-label":
        "A run recorded with this page: a heap of dots parts into groups, one for each kind of digit, " +
        "while blurs become digits",
    });
    this.words = element("figcaption", { class: "le-first-words le-caption le-numbers" });
    this.element = element("figure", { class: "le-first-film" }, this.canvas, this.words);
    this.points = new MovingPoints();
    this.points.pace = "film";
    this.viewport = new Viewport();
    /** @type {Film | null} */
    this.film = null;
    this.isWanted = false;
    this.moment = 0;
    /** Until when the moment stays, and when it was drawn last, as the browser's clock has it. */
    this.until = 0;
    this.drawnAt = 0;
    this.request = 0;
    this.resizes = new ResizeObserver(() => this.#draw());
    this.resizes.observe(this.canvas);
  }

  /** Show it, and let it run unless less motion is wanted. */
  async play() {
    this.isWanted = true;
    try {
      this.film ??= await fetchFilm();
    } catch (error) {
      if (error instanceof FormatError || error instanceof TypeError) return; // the words below it do without
      throw error;
    }
    if (!this.isWanted || !this.film) return;
    if (!this.film.digits.canvas.isConnected) this.element.append(this.film.digits.canvas);
    this.#go(this.film.step.length - 1);
    this.points.arrive();
    this.#draw();
    if (!prefersLessMotion()) this.#next();
  }

  /** Nobody sees it any more. */
  rest() {
    this.isWanted = false;
    cancelAnimationFrame(this.request);
    this.request = 0;
  }

  close() {
    this.rest();
    this.resizes.disconnect();
    this.canvas.width = this.canvas.height = 0;
  }

  /** The theme changed. */
  recolour() {
    this.#draw();
  }

  #next() {
    cancelAnimationFrame(this.request);
    this.request = requestAnimationFrame((now) => {
      if (!this.isWanted || !this.film) return;
      const elapsed = now - this.drawnAt;
      if (elapsed >= 1000 / RATE && this.canvas.clientWidth) {
        this.drawnAt = now;
        if (now >= this.until) {
          this.#go((this.moment + 1) % this.film.step.length);
          this.until = now + (this.moment === this.film.step.length - 1 ? LAST : MOMENT);
        }
        this.points.step(Math.min(100, elapsed), this.viewport);
        this.#draw();
      }
      this.#next();
    });
  }

  /** @param {number} moment */
  #go(moment) {
    const { film } = this;
    if (!film) return;
    this.moment = moment;
    this.points.send(film.positions[moment]);
    const { digits } = film;
    const size = film.made[moment].length / digits.columns;
    for (let n = 0; n < digits.columns; n++) {
      digits.draw(n, film.made[moment].subarray(n * size, (n + 1) * size), 1);
    }
    setText(this.words, `A recorded run, step ${grouped(film.step[moment])}`);
  }

  #draw() {
    const { film, points, viewport } = this;
    const { context, width, height } = freshCanvas(this.canvas);
    if (!film || !width || !height) return;
    Object.assign(viewport, { left: 0, top: 0, width, height: height * (1 - FOOT) });
    viewport.fit(film.positions[film.positions.length - 1], { atLeast: REACH });
    points.draw(context, viewport, film.groups, new Set());
  }
}

/** @returns {Promise<Film>} @throws {FormatError | TypeError} it did not arrive, or not whole */
async function fetchFilm() {
  const response = await fetch(new URL("film.safetensors", import.meta.url));
  if (!response.ok) throw new FormatError(`The film could not be fetched: ${response.status}.`);
  const file = new Safetensors(await response.arrayBuffer());
  const step = file.integers("step");
  const labels = file.bytes("labels");
  const positions = file.floats("positions");
  const made = file.bytes("reconstructions");
  const { count, shape } = file.pictures("originals");
  /** @template {Float32Array | Uint8Array} T @param {T} all @returns {T[]} by moment */
  const byMoment = (all) =>
    Array.from(
      step,
      (
        _,
        n,
      ) => /** @type {T} */ (all.subarray(
        (n * all.length) / step.length,
        ((n + 1) * all.length) / step.length,
      )),
    );
  const kinds = [...new Set(labels)].sort((a, b) => a - b);
  const groups = kinds.map((kind) => ({
    name: String(kind),
    colour: classColour(kind),
    indices: Int32Array.from([...labels.keys()].filter((n) => labels[n] === kind)),
  }));
  const digits = new Sheet(shape, count, 1, {
    class: "le-sheet le-first-digits",
    "aria-label": "What the model makes of some test images",
  });
  return { step, positions: byMoment(positions), groups, digits, made: byMoment(made) };
}

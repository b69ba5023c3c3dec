/**
 * Mouse, pen, fingers and keys on the map, told apart and said alike: hover, leave, pick, pinch, step, reset.
 *
 * A mouse that is pressed drags Plotly's axes. A finger moves the cursor: it shows the latent under it and pins it when lifted;
 * so touches are kept from Plotly, which would drag. Two fingers zoom and pan. The wheel scrolls the page; with Ctrl,
 * and by pinching a touchpad, it zooms.
 */

/** @typedef {import("../scene/viewport.js").Pixel} Pixel */

/**
 * @typedef {object} Gestures  what is done with them, in px of the map and with the event's time stamp
 * @property {(px: number, py: number) => boolean} isInside  whether a latent lies there
 * @property {(px: number, py: number, stamp: number) => void} hover
 * @property {(stamp: number) => void} leave
 * @property {(px: number, py: number, stamp: number, reach: number) => void} pick  `reach`: a dot so near is meant, px
 * @property {(right: number, up: number, stamp: number) => void} step  in steps of the arrow keys
 * @property {(before: [Pixel, Pixel], now: [Pixel, Pixel]) => void} pinch  two fingers have moved
 * @property {() => void} letGo  after pinching the fingers are lifted
 * @property {(stamp: number) => void} reset  back to the middle of the latent space
 */

/** A press that moves less than this, in px, is a click. */
const CLICK = 4;

/** A dot is meant where a press lies so near to its edge, px: a finger is less exact, and one that walked means a place. */
const REACH = { mouse: 2, finger: 8, walk: -1 };

/** With Shift an arrow key goes so many steps. */
const LONG_STEP = 5;

/** Steps to the right and upwards. @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * @param {HTMLElement} host
 * @param {Gestures} gestures
 * @returns {() => void} stop watching
 */
export function watchPointer(host, gestures) {
  const control = new AbortController();
  /**
   * @template {keyof HTMLElementEventMap} Type
   * @param {Type} type
   * @param {(event: HTMLElementEventMap[Type]) => void} listener
   * @param {AddEventListenerOptions} [options]
   */
  const listen = (type, listener, options = {}) =>
    host.addEventListener(type, listener, { signal: control.signal, ...options });
  const fingers = new Fingers(gestures);
  /** @type {{x: number, y: number, id: number} | null} */
  let pressed = null;
  let isDragging = false;

  /** @type {(event: PointerEvent) => Pixel} */
  const place = (event) => {
    const box = host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  /** @type {(event: PointerEvent) => void} */
  const follow = (event) => {
    const [px, py] = place(event);
    if (gestures.isInside(px, py)) gestures.hover(px, py, event.timeStamp);
    else gestures.leave(event.timeStamp);
  };
  /** @type {(event: Event) => boolean} whether it is about one of Plotly's buttons */
  const isButton = (event) =>
    event.target instanceof Element && event.target.closest(".modebar-container, .modebar") !== null;

  listen("pointermove", (event) => {
    if (fingers.move(event.pointerId, place(event))) return;
    if (event.pointerType === "mouse" && event.buttons) {
      if (pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > CLICK) {
        isDragging = true;
      }
      if (isDragging || !pressed) return;
    }
    follow(event);
  });
  listen(
    "pointerdown",
    (event) => {
      if (isButton(event) || event.button > 0) return;
      const isFinger = event.pointerType === "touch";
      if (isFinger && fingers.put(event.pointerId, place(event), event.isPrimary)) {
        pressed = null;
        gestures.leave(event.timeStamp);
        return;
      }
      pressed = { x: event.clientX, y: event.clientY, id: event.pointerId };
      isDragging = false;
      host.focus({ preventScroll: true });
      if (event.pointerType !== "mouse") {
        host.setPointerCapture?.(event.pointerId);
        follow(event);
      }
    },
    { capture: true },
  );
  // A dragging Plotly covers the page with an element of its own, so the end of a press is heard on the window.
  globalThis.addEventListener(
    "pointerup",
    (event) => {
      if (fingers.lift(event.pointerId) || pressed?.id !== event.pointerId) return;
      const wasClick = !isDragging &&
        Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) <= CLICK;
      const isFinger = event.pointerType !== "mouse";
      pressed = null;
      isDragging = false;
      const [px, py] = place(event);
      const reach = !isFinger ? REACH.mouse : wasClick ? REACH.finger : REACH.walk;
      if ((wasClick || isFinger) && gestures.isInside(px, py)) gestures.pick(px, py, event.timeStamp, reach);
      else if (isFinger) gestures.leave(event.timeStamp);
    },
    { signal: control.signal, capture: true },
  );
  listen("pointercancel", (event) => {
    fingers.lift(event.pointerId);
    pressed = null;
    gestures.leave(event.timeStamp);
  });
  listen("pointerleave", (event) => {
    if (event.pointerType === "mouse") gestures.leave(event.timeStamp);
  });
  for (const type of /** @type {const} */ (["touchstart", "touchmove", "touchend"])) {
    listen(
      type,
      (event) => {
        if (isButton(event)) return;
        event.stopPropagation();
        if (event.cancelable) event.preventDefault();
      },
      { capture: true, passive: false },
    );
  }
  listen(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    },
    { capture: true, passive: true },
  );
  listen("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (event.target !== host || event.altKey || event.ctrlKey || event.metaKey) return;
    if (arrow) {
      const length = event.shiftKey ? LONG_STEP : 1;
      gestures.step(arrow[0] * length, arrow[1] * length, event.timeStamp);
      event.preventDefault();
    } else if (event.key === "Home") {
      gestures.reset(event.timeStamp);
      event.preventDefault();
    }
  });
  return () => control.abort();
}

export class Fingers {
  /** @param {Pick<Gestures, "pinch" | "letGo">} gestures */
  constructor(gestures) {
    this.gestures = gestures;
    /** Where those that are down are, by pointer, the first one first. @type {Map<number, Pixel>} */
    this.down = new Map();
    this.isPinching = false;
  }

  /**
   * @param {number} id
   * @param {Pixel} at
   * @param {boolean} isFirst  no other finger is down: those that seem to be were lost
   * @returns {boolean} whether it makes a pinch
   */
  put(id, at, isFirst) {
    if (isFirst) { for (const lost of [...this.down.keys()]) this.lift(lost); }
    this.down.set(id, at);
    this.isPinching ||= this.down.size > 1;
    return this.isPinching;
  }

  /** @param {number} id @param {Pixel} at @returns {boolean} whether that was part of a pinch */
  move(id, at) {
    if (!this.down.has(id)) return false;
    const before = this.#two();
    this.down.set(id, at);
    const now = before && this.#two();
    if (before && now) this.gestures.pinch(before, now);
    return this.isPinching;
  }

  /** @param {number} id @returns {boolean} whether that was part of a pinch */
  lift(id) {
    const wasPinching = this.isPinching;
    if (!this.down.delete(id) || this.down.size) return wasPinching;
    this.isPinching = false;
    if (wasPinching) this.gestures.letGo();
    return wasPinching;
  }

  /** @returns {[Pixel, Pixel] | null} */
  #two() {
    const [a, b] = this.down.values();
    return b ? [a, b] : null;
  }
}

/**
 * What the hand does on the map, whatever it does it with: hover, leave, pick, pinch, and steps with the arrow keys.
 *
 * A mouse that is pressed drags Plotly's axes. A finger walks: it shows the latent under it and pins it when lifted;
 * so touches are kept from Plotly, which would drag. Two fingers zoom and pan. The wheel scrolls the page; with Ctrl,
 * and by pinching a touchpad, it zooms.
 */

/** @typedef {import("../scene/viewport.js").Pixel} Pixel */

/**
 * @typedef {object} Hand
 * @property {(px: number, py: number) => boolean} isInside
 * @property {(px: number, py: number, stamp: number) => void} hover
 * @property {(stamp: number) => void} leave
 * @property {(px: number, py: number, stamp: number) => void} pick
 * @property {(right: number, up: number, stamp: number) => void} step  in steps of the arrow keys
 * @property {(before: [Pixel, Pixel], now: [Pixel, Pixel]) => void} pinch  two fingers have moved
 * @property {() => void} letGo  after pinching the fingers are lifted
 * @property {(stamp: number) => void} reset
 */

/** A press that moves less than this, in px, is a click. */
const CLICK = 4;
const LONG_STEP = 5;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * @param {HTMLElement} host
 * @param {Hand} hand
 * @returns {() => void} stop watching
 */
export function watchHand(host, hand) {
  const control = new AbortController();
  const listen = (type, listener, options = {}) =>
    host.addEventListener(type, listener, { signal: control.signal, ...options });
  const fingers = new Fingers(hand);
  /** @type {{x: number, y: number, id: number} | null} */
  let pressed = null;
  let isDragging = false;

  const place = (event) => {
    const box = host.getBoundingClientRect();
    return /** @type {Pixel} */ ([event.clientX - box.left, event.clientY - box.top]);
  };
  const follow = (event) => {
    const [px, py] = place(event);
    if (hand.isInside(px, py)) hand.hover(px, py, event.timeStamp);
    else hand.leave(event.timeStamp);
  };
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
        hand.leave(event.timeStamp);
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
      if ((wasClick || isFinger) && hand.isInside(px, py)) hand.pick(px, py, event.timeStamp);
      else if (isFinger) hand.leave(event.timeStamp);
    },
    { signal: control.signal, capture: true },
  );
  listen("pointercancel", (event) => {
    fingers.lift(event.pointerId);
    pressed = null;
    hand.leave(event.timeStamp);
  });
  listen("pointerleave", (event) => {
    if (event.pointerType === "mouse") hand.leave(event.timeStamp);
  });
  for (const type of ["touchstart", "touchmove", "touchend"]) {
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
      hand.step(arrow[0] * length, arrow[1] * length, event.timeStamp);
      event.preventDefault();
    } else if (event.key === "Home") {
      hand.reset(event.timeStamp);
      event.preventDefault();
    }
  });
  return () => control.abort();
}

export class Fingers {
  /** @param {Pick<Hand, "pinch" | "letGo">} hand */
  constructor(hand) {
    this.hand = hand;
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
    if (before) this.hand.pinch(before, this.#two());
    return this.isPinching;
  }

  /** @param {number} id @returns {boolean} whether that was part of a pinch */
  lift(id) {
    const wasPinching = this.isPinching;
    if (!this.down.delete(id) || this.down.size) return wasPinching;
    this.isPinching = false;
    if (wasPinching) this.hand.letGo();
    return wasPinching;
  }

  /** @returns {[Pixel, Pixel] | null} */
  #two() {
    const [a, b] = this.down.values();
    return b ? [a, b] : null;
  }
}

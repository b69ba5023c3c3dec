/** What the pointer, fingers and keys do on the map, as moves of the cursor and of the viewport. */

/** @typedef {import("../../cursor/cursor.js").Cursor} Cursor */
/** @typedef {import("../scene/scene.js").Scene} Scene */
/** @typedef {import("../scene/viewport.js").Pixel} Pixel */
/** @typedef {import("./pointer.js").Gestures} Gestures */

/** An arrow key goes this share of the map's width. */
const KEY_STEP = 1 / 80;

/**
 * @typedef {object} ViewportMoves
 * @property {(before: [Pixel, Pixel], now: [Pixel, Pixel]) => void} pinch  two fingers have moved
 * @property {() => void} letGo                                             they are lifted
 * @property {(x: number, y: number) => void} reveal                        see to it that a place is in sight
 */

/**
 * @param {object} options
 * @param {import("../scene/scene.js").SceneOf<"axes" | "viewport">} options.scene
 * @param {Cursor} options.cursor
 * @param {ViewportMoves} options.control
 * @param {() => void} options.onTouch  the pointer came on to the map or moved there, or a key did
 * @param {(x: number, y: number, stamp: number) => boolean} options.onPick  a click, in axis units; true: it has been dealt with
 * @returns {Gestures}
 */
export function gesturesOn({ scene, cursor, control, onTouch, onPick }) {
  const { viewport } = scene;
  return {
    isInside: (px, py) => scene.axes !== null && viewport.contains(px, py),
    hover(px, py, stamp) {
      if (!scene.axes) return;
      onTouch();
      const place = viewport.toUnits(px, py);
      const { z, distance } = scene.axes.land(place[0], place[1], cursor.pinned);
      cursor.hover(z, place, distance, stamp);
    },
    leave: (stamp) => cursor.leave(stamp),
    pick(px, py, stamp) {
      if (!scene.axes) return;
      const place = viewport.toUnits(px, py);
      const { z, distance } = scene.axes.land(place[0], place[1], cursor.pinned);
      if (!onPick(place[0], place[1], stamp)) cursor.pin(z, { place, distance, stamp });
    },
    step(right, up, stamp) {
      if (!scene.axes) return;
      onTouch();
      const unit = (viewport.x1 - viewport.x0) * KEY_STEP;
      const [x, y] = cursor.pinnedPlace ?? scene.axes.place(cursor.pinned);
      /** @type {[number, number]} */
      const place = [x + right * unit, y + up * unit];
      const { z, distance } = scene.axes.land(place[0], place[1], cursor.pinned);
      cursor.pin(z, { place, distance, stamp });
      control.reveal(...place);
    },
    pinch(before, now) {
      if (scene.axes) control.pinch(before, now);
    },
    letGo() {
      if (scene.axes) control.letGo();
    },
    reset: (stamp) => cursor.pin(new Float32Array(cursor.pinned.length), { stamp }),
  };
}

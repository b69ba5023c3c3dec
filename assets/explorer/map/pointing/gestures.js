/** What the pointer, fingers and keys do on the map, as moves of the cursor and of the viewport. */

import { nearestPoints } from "../../latent/projection.js";
import { codeOf } from "../../latent/space.js";
import { pointSize } from "../scene/moving-points.js";

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
 * @param {import("../scene/scene.js").SceneOf<"axes" | "viewport" | "points" | "colouring" | "hidden" | "space">} options.scene
 * @param {Cursor} options.cursor
 * @param {ViewportMoves} options.control
 * @param {() => void} options.onTouch  the pointer came on to the map or moved there, or a key did
 * @param {(index: number, stamp: number) => boolean} options.onPickImage  a click on an image's dot; false: its code is pinned here
 * @param {(x: number, y: number, stamp: number) => boolean} options.onPick  any other click, in axis units; true: likewise
 * @returns {Gestures}
 */
export function gesturesOn({ scene, cursor, control, onTouch, onPickImage, onPick }) {
  const { viewport } = scene;
  return {
    isInside: (px, py) => scene.axes !== null && viewport.contains(px, py),
    hover(px, py, stamp) {
      if (!scene.axes) return;
      onTouch();
      const { z, place, distance } = landed(scene.axes, viewport.toUnits(px, py), cursor.pinned);
      cursor.hover(z, place, distance, stamp);
    },
    leave: (stamp) => cursor.leave(stamp),
    pick(px, py, stamp, reach) {
      if (!scene.axes) return;
      const image = dotAt(scene, px, py, reach);
      if (image !== null && scene.space) {
        if (!onPickImage(image, stamp)) {
          cursor.pin(codeOf(scene.space, image), { place: placeOf(scene, image), stamp });
        }
        return;
      }
      const { z, place, distance } = landed(scene.axes, viewport.toUnits(px, py), cursor.pinned);
      if (!onPick(place[0], place[1], stamp)) cursor.pin(z, { place, distance, stamp });
    },
    step(right, up, stamp) {
      if (!scene.axes) return;
      onTouch();
      const unit = scene.axes.cells ? 1 : (viewport.x1 - viewport.x0) * KEY_STEP;
      const [x, y] = cursor.pinnedPlace ?? scene.axes.place(cursor.pinned);
      const { z, place, distance } = landed(
        scene.axes,
        [x + right * unit, y + up * unit],
        cursor.pinned,
      );
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

/**
 * Find the latent of a place; where places are cells, it is that of the cell, and the place its middle.
 *
 * @param {import("../scene/axes.js").Axes} axes
 * @param {[number, number]} place
 * @param {Float32Array} through  where the other dimensions stay, (D,)
 * @returns {import("../scene/axes.js").Landing & {place: [number, number]}}
 */
function landed(axes, place, through) {
  const landing = axes.land(place[0], place[1], through);
  if (!axes.cells) return { ...landing, place };
  const [x, y] = axes.place(landing.z);
  return { ...landing, place: [x, y] };
}

/** @param {import("../scene/scene.js").SceneOf<"points">} scene @param {number} n @returns {[number, number]} in axis units */
function placeOf({ points }, n) {
  return [points.now[2 * n], points.now[2 * n + 1]];
}

/**
 * Find the image whose dot lies under a press.
 *
 * @param {import("../scene/scene.js").SceneOf<"viewport" | "points" | "colouring" | "hidden">} scene
 * @param {number} px
 * @param {number} py
 * @param {number} reach  so far from the dot's edge it is still meant, px
 * @returns {number | null} the nearest that is to be seen; null where there is none
 */
function dotAt({ viewport, points, colouring, hidden }, px, py, reach) {
  const count = points.now.length / 2;
  const seen = hidden.size
    ? colouring.groups.flatMap(({ indices }, g) => (hidden.has(g) ? [] : Array.from(indices)))
    : null;
  const places = seen
    ? Float32Array.from(seen.flatMap((n) => [points.now[2 * n], points.now[2 * n + 1]]))
    : points.now;
  const { indices: [nearest], squares: [square] } = nearestPoints(viewport.toUnits(px, py), places, 1);
  if (nearest === undefined) return null;
  const unit = viewport.width / (viewport.x1 - viewport.x0);
  const away = Math.sqrt(square) * unit - pointSize(count, viewport) / 2;
  return away <= reach ? (seen ? seen[nearest] : nearest) : null;
}

/** What the hand does on the map, as latents of the cursor. */

/** An arrow key goes this share of the map's width. */
const KEY_STEP = 1 / 80;

/**
 * @param {import("../drawing/map.js").LatentMap} map
 * @returns {import("./pointer.js").Hand}
 */
export function handOn(map) {
  const { cursor, frame } = map;
  const land = (px, py) => {
    const place = frame.toUnits(px, py);
    return { place, ...map.axes.land(place[0], place[1], cursor.pinned) };
  };
  return {
    isInside: (px, py) => map.axes !== null && frame.contains(px, py),
    hover: (px, py, stamp) => {
      map.onHand();
      const { z, place, distance } = land(px, py);
      cursor.hover(z, place, distance, stamp);
    },
    leave: (stamp) => cursor.leave(stamp),
    pick: (px, py, stamp) => {
      const { z, place, distance } = land(px, py);
      if (!map.onPick(place[0], place[1], stamp)) cursor.pin(z, { place, distance, stamp });
    },
    step: (right, up, stamp) => {
      if (!map.axes) return;
      map.onHand();
      const unit = (frame.x1 - frame.x0) * KEY_STEP;
      const [x, y] = cursor.pinnedPlace ?? map.axes.place(cursor.pinned);
      const place = /** @type {[number, number]} */ ([x + right * unit, y + up * unit]);
      const { z, distance } = map.axes.land(place[0], place[1], cursor.pinned);
      cursor.pin(z, { place, distance, stamp });
      map.framing.reveal(...place);
    },
    pinch: (before, now) => map.axes && map.framing.pinch(before, now),
    letGo: () => map.axes && map.framing.letGo(),
    reset: (stamp) => cursor.pin(new Float32Array(cursor.pinned.length), { stamp }),
  };
}

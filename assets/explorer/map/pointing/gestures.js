/** What the hand does on the map, as latents of the walk. */

/** An arrow key goes this share of the map's width. */
const KEY_STEP = 1 / 80;

/**
 * @param {import("../drawing/map.js").LatentMap} map
 * @returns {import("./pointer.js").Hand}
 */
export function handOn(map) {
  const { walk, frame } = map;
  const land = (px, py) => {
    const place = frame.toUnits(px, py);
    return { place, ...map.axes.land(place[0], place[1], walk.pinned) };
  };
  return {
    isInside: (px, py) => map.axes !== null && frame.contains(px, py),
    hover: (px, py, stamp) => {
      map.onHand();
      const { z, place, distance } = land(px, py);
      walk.hover(z, place, distance, stamp);
    },
    leave: (stamp) => walk.leave(stamp),
    pick: (px, py, stamp) => {
      const { z, place, distance } = land(px, py);
      if (!map.onPick(place[0], place[1], stamp)) walk.pin(z, { place, distance, stamp });
    },
    step: (right, up, stamp) => {
      if (!map.axes) return;
      map.onHand();
      const unit = (frame.x1 - frame.x0) * KEY_STEP;
      const [x, y] = walk.pinnedPlace ?? map.axes.place(walk.pinned);
      const place = /** @type {[number, number]} */ ([x + right * unit, y + up * unit]);
      const { z, distance } = map.axes.land(place[0], place[1], walk.pinned);
      walk.pin(z, { place, distance, stamp });
      map.framing.reveal(...place);
    },
    pinch: (before, now) => map.axes && map.framing.pinch(before, now),
    letGo: () => map.axes && map.framing.letGo(),
    reset: (stamp) => walk.pin(new Float32Array(walk.pinned.length), { stamp }),
  };
}

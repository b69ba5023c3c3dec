/** Moving pictures as GIF files (GIF89a): one palette for all frames, each frame packed by LZW. */

/** @typedef {import("../pictures.js").Shape} Shape */

/** Colours of a palette that is not grey: so many steps of red, green and blue. */
const STEPS = [6, 7, 6];

/** Bits of an index into the palette. */
const INDEX_BITS = 8;

/** The longest code that LZW may use, in bits. */
const MOST_BITS = 12;

/**
 * @param {Uint8ClampedArray[]} frames  RGBA, (H, W, 4) each
 * @param {Shape} shape                 of a frame, (C, H, W); grey ones keep all of their shades
 * @param {object} how
 * @param {number[]} how.delays  how long each frame stays, in ms, to the hundredth of a second
 * @param {number} how.scale     each pixel becomes a square of so many
 * @returns {Blob} a film that begins anew for ever
 */
export function gif(frames, [channels, height, width], { delays, scale }) {
  const isGrey = channels === 1;
  const [wide, high] = [width * scale, height * scale];
  /** @type {number[]} */
  const out = [..."GIF89a"].map((letter) => letter.charCodeAt(0));
  const short = (/** @type {number} */ value) => out.push(value & 255, value >> 8);
  short(wide);
  short(high);
  out.push(0xf7, 0, 0); // a palette of 256 colours
  out.push(...(isGrey ? greyPalette() : colourPalette()));
  out.push(0x21, 0xff, 11, ...[..."NETSCAPE2.0"].map((letter) => letter.charCodeAt(0)), 3, 1, 0, 0, 0);
  frames.forEach((rgba, n) => {
    out.push(0x21, 0xf9, 4, 0);
    short(Math.round(delays[n] / 10));
    out.push(0, 0);
    out.push(0x2c, 0, 0, 0, 0);
    short(wide);
    short(high);
    out.push(0, INDEX_BITS);
    const packed = lzw(enlarged(indices(rgba, isGrey), width, height, scale));
    for (let start = 0; start < packed.length; start += 255) {
      const block = packed.slice(start, start + 255);
      out.push(block.length, ...block);
    }
    out.push(0);
  });
  out.push(0x3b);
  return new Blob([Uint8Array.from(out)], { type: "image/gif" });
}

/** @returns {number[]} */
function greyPalette() {
  return Array.from({ length: 256 }, (_, k) => [k, k, k]).flat();
}

/** @returns {number[]} evenly over red, green and blue; the last ones are black */
function colourPalette() {
  const [reds, greens, blues] = STEPS;
  return Array.from({ length: 256 }, (_, k) => {
    const [r, g, b] = [Math.floor(k / (greens * blues)), Math.floor(k / blues) % greens, k % blues];
    if (r >= reds) return [0, 0, 0];
    return [r / (reds - 1), g / (greens - 1), b / (blues - 1)].map((share) => Math.round(255 * share));
  }).flat();
}

/** @param {Uint8ClampedArray} rgba @param {boolean} isGrey @returns {Uint8Array} into the palette, (H * W,) */
function indices(rgba, isGrey) {
  const [, greens, blues] = STEPS;
  const step = (/** @type {number} */ p, /** @type {number} */ channel) =>
    Math.round((rgba[4 * p + channel] / 255) * (STEPS[channel] - 1));
  return Uint8Array.from(
    { length: rgba.length / 4 },
    (_, p) => isGrey ? rgba[4 * p] : (step(p, 0) * greens + step(p, 1)) * blues + step(p, 2),
  );
}

/** @param {Uint8Array} pixels @param {number} width @param {number} height @param {number} scale @returns {Uint8Array} */
function enlarged(pixels, width, height, scale) {
  const wide = width * scale;
  return Uint8Array.from(
    { length: pixels.length * scale * scale },
    (_, p) =>
      pixels[Math.min(height - 1, Math.floor(p / wide / scale)) * width + Math.floor((p % wide) / scale)],
  );
}

/**
 * Pack indices as GIF has it: codes grow from nine bits to twelve, then the table begins anew (GIF89a, appendix F).
 *
 * @param {Uint8Array} pixels
 * @returns {number[]} bytes
 */
function lzw(pixels) {
  const clear = 1 << INDEX_BITS;
  /** @type {number[]} */
  const bytes = [];
  let [held, heldBits] = [0, 0];
  let bits = INDEX_BITS + 1;
  const put = (/** @type {number} */ code) => {
    held |= code << heldBits;
    for (heldBits += bits; heldBits >= 8; heldBits -= 8) {
      bytes.push(held & 255);
      held >>>= 8;
    }
  };
  /** By the code of what came before and the next index. @type {Map<number, number>} */
  let table = new Map();
  let next = clear + 2;
  put(clear);
  let before = pixels[0];
  for (let p = 1; p < pixels.length; p++) {
    const key = (before << INDEX_BITS) | pixels[p];
    const known = table.get(key);
    if (known !== undefined) {
      before = known;
      continue;
    }
    put(before);
    before = pixels[p];
    if (next === 1 << MOST_BITS) {
      put(clear);
      table = new Map();
      [next, bits] = [clear + 2, INDEX_BITS + 1];
      continue;
    }
    table.set(key, next);
    if (next === 1 << bits) bits += 1;
    next += 1;
  }
  put(before);
  if (next === 1 << bits && bits < MOST_BITS) bits += 1; // the reader's table has grown by then
  put(clear + 1);
  if (heldBits) bytes.push(held & 255);
  return bytes;
}

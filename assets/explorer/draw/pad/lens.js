/**
 * What the model sees of a drawing: an image like those that it was trained on.
 *
 * Where its images follow MNIST's recipe, a drawing is made by the same one, so that it may be large or small and
 * anywhere on the pad; its lines get as thick as the pen says only after that, for a small drawing blown up would be a
 * blot. Elsewhere the pad is the frame. So it is with an image that was put on the pad: that is in its frame already.
 */

import { drawingContext } from "../../dom/canvas.js";
import { paintStrokes } from "./drawing.js";
import { ownImage } from "./own-image.js";
import { contrastOf, greyOf, inkOf, thickened, thicknessOf } from "./paper.js";
import { boxMean, followsRecipe, groundOf, inkBox, normalised, normalisedSide } from "./recipe.js";

/** @typedef {import("../../dom/pictures.js").Shape} Shape */
/** @typedef {import("./drawing.js").Sheet} Sheet */
/** @typedef {import("./drawing.js").Stroke} Stroke */

/**
 * @typedef {object} PhotoTaking    how a photograph is taken
 * @property {boolean} isPaper      of pen on paper: what is ink is found; else it is taken as it is
 * @property {boolean} isLight      the ink is lighter than its ground; of what is taken as it is: light and dark change over
 * @property {number} threshold     0..1, so much contrast with the paper is ink
 * @property {number} thickness     that lines are to have at least, in the model's pixels
 */

/** A drawing is made on about so many pixels each way before it is made small. */
const FINE = 280;

/** No drawing is blown up more than so: a dot stays a dot. */
const LARGEST_ZOOM = 8;

export class Lens {
  /** @param {{shape: Shape, images: Uint8Array}} space  its images say what others should look like */
  constructor({ shape, images }) {
    this.shape = shape;
    const ground = groundOf(images, shape);
    /** Of the set's images, 0..1, by channel. */
    this.ground = ground;
    /** Whether drawings are sized and centred as the set's images are. */
    this.isNormalising = followsRecipe(images, shape, ground[0]);
    const [, height, width] = shape;
    /** Fine pixels for each of the model's. */
    this.fine = Math.min(10, Math.max(2, Math.round(FINE / Math.max(height, width))));
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: width * this.fine, height: height * this.fine });
    this.canvas = canvas;
    this.context = drawingContext(canvas, { willReadFrequently: true });
  }

  /** @returns {string} CSS */
  get groundColour() {
    return cssOf(this.ground);
  }

  /** @returns {string} CSS of a pen that stands out from the ground */
  get penColour() {
    return this.#isLight ? "rgb(0, 0, 0)" : "rgb(255, 255, 255)";
  }

  get #isLight() {
    return this.ground.reduce((sum, each) => sum + each, 0) > 0.5 * this.ground.length;
  }

  /** @param {Sheet} sheet @returns {Uint8Array | null} bytes, (C, H, W); null where nothing is on the pad */
  see({ image, strokes }) {
    if (image && !strokes.length) return image;
    if (!image && this.isNormalising) return this.#seeNormalised(strokes);
    return this.#seeFrame(image, strokes);
  }

  /**
   * Make an image of one's own look like the model's: scaled to the frame, or, where the set follows MNIST's recipe, what
   * is drawn on its paper by that.
   *
   * @param {Blob} file
   * @returns {Promise<import("./own-image.js").OwnImage>} of the model's shape
   * @throws {Error} if the browser can make no picture of it
   */
  async read(file) {
    const { shape, ground, fine } = this;
    if (!this.isNormalising) return await ownImage(file, shape, ground);
    const { image, isNegative } = await ownImage(file, shape, ground, fine);
    const [, , width] = shape;
    const [paper] = groundOf(image, [1, shape[1] * fine, width * fine]);
    const sign = ground[0] > 0.5 ? -1 : 1;
    const ink = Float32Array.from(image, (value) => Math.max(0, sign * (value / 255 - paper)));
    const most = ink.reduce((greatest, each) => Math.max(greatest, each), 0);
    const seen = most > 0 ? normalised(ink.map((each) => each / most), width * fine, shape) : null;
    if (!seen) return await ownImage(file, shape, ground);
    return { image: Uint8Array.from(seen, (each) => this.#byteOf(each)), isNegative };
  }

  /**
   * Make a photograph, cut to the frame, look like the model's images.
   *
   * @param {Uint8ClampedArray} rgba  `fine` pixels for each of the model's, (fine * H, fine * W, 4)
   * @param {PhotoTaking} how
   * @returns {Uint8Array | null} bytes, (C, H, W); null where no ink is found
   */
  seePhoto(rgba, { isPaper, isLight, threshold, thickness }) {
    const { fine, shape: [channels, height, width] } = this;
    const wide = fine * width;
    const frame = { x0: 0, y0: 0, x1: wide, y1: fine * height };
    if (!isPaper) {
      const planes = channels === 1 ? [greyOf(rgba)] : [0, 1, 2].map((c) => channelOf(rgba, c));
      const means = planes.flatMap((plane) => [...boxMean(plane, wide, frame, height, width)]);
      return Uint8Array.from(means, (value) => Math.round(isLight ? 255 - value : value));
    }
    const ink = inkOf(contrastOf(greyOf(rgba), wide, isLight), wide, threshold);
    const box = inkBox(ink, wide);
    if (!box) return null;
    const side = Math.max(box.x1 - box.x0, box.y1 - box.y0);
    // What is normalised grows or shrinks, with what its lines are thicker by, to the recipe's side.
    const share = thickness / normalisedSide(this.shape);
    const lacking = this.isNormalising
      ? (share * side - thicknessOf(ink, wide)) / (1 - share)
      : thickness * fine - thicknessOf(ink, wide);
    const lines = thickened(ink, wide, lacking / 2);
    const small = this.isNormalising
      ? normalised(lines, wide, this.shape)
      : boxMean(lines, wide, frame, height, width);
    if (!small) return null;
    const pen = this.#isLight ? 0 : 255;
    return Uint8Array.from({ length: channels * small.length }, (_, k) => {
      const under = 255 * this.ground[Math.floor(k / small.length)];
      return Math.round(under + (pen - under) * small[k % small.length]);
    });
  }

  /** @param {Uint8Array | null} image @param {Stroke[]} strokes @returns {Uint8Array | null} */
  #seeFrame(image, strokes) {
    const { fine, shape: [channels, height, width] } = this;
    const area = height * width;
    const { cover, colours } = this.#paint(strokes, { zoom: fine });
    if (!image && !cover.some((each) => each > 0)) return null;
    const box = { x0: 0, y0: 0, x1: width * fine, y1: height * fine };
    const small = boxMean(cover, width * fine, box, height, width);
    const out = new Uint8Array(channels * area);
    for (let c = 0; c < channels; c++) {
      const over = boxMean(colours[c], width * fine, box, height, width);
      for (let p = 0; p < area; p++) {
        const under = image ? image[c * area + p] : 255 * this.ground[c];
        out[c * area + p] = Math.round(under * (1 - small[p]) + 255 * over[p]);
      }
    }
    return out;
  }

  /** @param {Stroke[]} strokes @returns {Uint8Array | null} */
  #seeNormalised(strokes) {
    const { fine, shape } = this;
    const [, height, width] = shape;
    const wide = width * fine;
    const drawn = inkBox(this.#ink(strokes, { zoom: fine }), wide);
    if (!drawn) return null;
    // The box without the pen's width is what grows: with it, it is to have the recipe's size.
    const target = fine * normalisedSide(shape);
    const pen = fine * Math.max(...strokes.filter(({ isEraser }) => !isEraser).map((each) => each.thickness));
    const side = Math.max(drawn.x1 - drawn.x0, drawn.y1 - drawn.y0) - pen;
    const wanted = Math.max(0.1, target - pen) / Math.max(1e-3, side);
    const zoom = fine * Math.min(LARGEST_ZOOM, wanted);
    const x = wide / 2 - ((drawn.x0 + drawn.x1) / 2 / fine) * zoom;
    const y = (height * fine) / 2 - ((drawn.y0 + drawn.y1) / 2 / fine) * zoom;
    const ink = this.#ink(strokes, { zoom, pen: fine, x, y });
    const seen = normalised(ink, wide, shape, wanted > LARGEST_ZOOM ? fine : undefined);
    return seen && Uint8Array.from(seen, (each) => this.#byteOf(each));
  }

  /** @param {number} ink  0..1 @returns {number} 0..255, where the images have one channel */
  #byteOf(ink) {
    const { ground: [ground] } = this;
    return Math.round(255 * (ground + (ground > 0.5 ? -ground : 1 - ground) * ink));
  }

  /** @param {Stroke[]} strokes @param {Parameters<typeof paintStrokes>[3]} how @returns {Float32Array} 0..1 */
  #ink(strokes, how) {
    const { ground: [ground] } = this;
    const most = Math.max(ground, 1 - ground);
    const { cover, colours: [grey] } = this.#paint(strokes, how);
    return cover.map((each, p) => Math.abs(grey[p] - each * ground) / most);
  }

  /**
   * @param {Stroke[]} strokes
   * @param {Parameters<typeof paintStrokes>[3]} how
   * @returns {{cover: Float32Array, colours: Float32Array[]}} how far each fine pixel is covered, 0..1, and by what:
   *     each channel times the cover
   */
  #paint(strokes, how) {
    const { context, canvas: { width, height }, shape: [channels] } = this;
    context.clearRect(0, 0, width, height);
    paintStrokes(context, strokes, this.groundColour, how);
    const { data } = context.getImageData(0, 0, width, height);
    const cover = new Float32Array(width * height);
    const colours = Array.from({ length: channels }, () => new Float32Array(width * height));
    for (let p = 0; p < cover.length; p++) {
      const alpha = data[4 * p + 3];
      if (!alpha) continue;
      cover[p] = alpha / 255;
      for (let c = 0; c < channels; c++) colours[c][p] = (alpha * data[4 * p + c]) / 65025;
    }
    return { cover, colours };
  }
}

/** @param {number[]} colour  0..1, of one channel or three @returns {string} CSS */
function cssOf(colour) {
  const [red, green = red, blue = red] = colour.map((each) => Math.round(255 * each));
  return `rgb(${red}, ${green}, ${blue})`;
}

/** @param {Uint8ClampedArray} rgba @param {number} channel @returns {Float32Array} 0..255 */
function channelOf(rgba, channel) {
  return Float32Array.from({ length: rgba.length / 4 }, (_, p) => rgba[4 * p + channel]);
}

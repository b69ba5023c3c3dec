/**
 * Read the safetensors layout: eight bytes of header length, a JSON header, then the tensors' bytes.
 *
 * Bundles and stream messages both come in it. Numbers of half precision are widened to float32,
 * because all computing in the browser is float32.
 */

/**
 * @typedef {object} TensorInfo
 * @property {keyof typeof BYTES} dtype
 * @property {number[]} shape
 * @property {number} start  first byte, counted from the end of the header
 * @property {number} end    one past the last byte
 */

/** @typedef {Float32Array | Float64Array | Uint8Array | Int32Array} TensorData */

/** @typedef {[number, number, number]} PictureShape  (C, H, W) */

/** @typedef {Map<string, {shape: number[], data: Float32Array}>} Weights  tensors by name */

/** What a file that is not what it should be is answered with; its message can be shown to a reader. */
export class FormatError extends Error {}

const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/** Bytes of one number, by the kind of the tensor. */
const BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 };

/** One parsed file: names and shapes are known, numbers are read when asked for. */
export class Safetensors {
  /** @param {ArrayBuffer} buffer  the whole file */
  constructor(buffer) {
    const { header, dataStart } = readHeader(buffer);
    /** @type {Record<string, string>} */
    this.metadata = header.__metadata__ ?? {};
    delete header.__metadata__;
    this.buffer = buffer;
    this.dataStart = dataStart;
    /** @type {Map<string, TensorInfo>} */
    this.tensors = new Map();
    for (const [name, entry] of Object.entries(header)) {
      this.tensors.set(name, checkedEntry(name, entry, buffer.byteLength - dataStart));
    }
  }

  /** @param {string} name @returns {boolean} */
  has(name) {
    return this.tensors.has(name);
  }

  /** @returns {string[]} */
  names() {
    return [...this.tensors.keys()];
  }

  /** @param {string} name @returns {number[]} */
  shape(name) {
    return this.#info(name).shape;
  }

  /**
   * Give a tensor's numbers: float32 for every float but F64, int32 for the wider integers.
   *
   * @param {string} name
   * @returns {TensorData} a view into the file where the layout allows it, else a copy
   */
  data(name) {
    const { dtype, start, end } = this.#info(name);
    const offset = this.dataStart + start;
    const count = (end - start) / BYTES[dtype];
    switch (dtype) {
      case "F32":
        return new Float32Array(...aligned(this.buffer, offset, count, 4));
      case "F64":
        return new Float64Array(...aligned(this.buffer, offset, count, 8));
      case "F16":
        return widenHalf(new Uint16Array(...aligned(this.buffer, offset, count, 2)));
      case "BF16":
        return widenBrain(new Uint16Array(...aligned(this.buffer, offset, count, 2)));
      case "I32":
        return new Int32Array(...aligned(this.buffer, offset, count, 4));
      case "I64":
        return Int32Array.from(new BigInt64Array(...aligned(this.buffer, offset, count, 8)), Number);
      case "I16":
        return Int32Array.from(new Int16Array(...aligned(this.buffer, offset, count, 2)));
      case "I8":
        return Int32Array.from(new Int8Array(this.buffer, offset, count));
      default:
        return new Uint8Array(this.buffer, offset, count);
    }
  }

  /** @param {string} name @returns {Float32Array} */
  floats(name) {
    const data = this.data(name);
    return data instanceof Float32Array ? data : Float32Array.from(data);
  }

  /** @param {string} name @returns {Int32Array} */
  integers(name) {
    const data = this.data(name);
    return data instanceof Int32Array ? data : Int32Array.from(data);
  }

  /** @param {string} name @returns {Uint8Array} */
  bytes(name) {
    const data = this.data(name);
    if (!(data instanceof Uint8Array)) throw new FormatError(`Tensor “${name}” does not hold bytes.`);
    return data;
  }

  /** @param {string} name @returns {{count: number, shape: PictureShape}} of pictures, (N, C, H, W) */
  pictures(name) {
    const [count, channels, height, width, ...more] = this.shape(name);
    if (width === undefined || more.length) throw new FormatError(`Tensor “${name}” does not hold pictures.`);
    return { count, shape: [channels, height, width] };
  }

  /** @param {string} name @returns {TensorInfo} */
  #info(name) {
    const info = this.tensors.get(name);
    if (!info) throw new FormatError(`The file holds no tensor named “${name}”.`);
    return info;
  }
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {{header: Record<string, any>, dataStart: number}}
 */
function readHeader(buffer) {
  if (buffer.byteLength < 8) throw new FormatError("The file is too short to be a model.");
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > buffer.byteLength) {
    throw new FormatError("The file is not in the safetensors layout, or it was cut short.");
  }
  const text = new TextDecoder().decode(new Uint8Array(buffer, 8, length));
  let header;
  try {
    header = JSON.parse(text);
  } catch {
    throw new FormatError("The file's header cannot be read.");
  }
  if (header === null || typeof header !== "object" || Array.isArray(header)) {
    throw new FormatError("The file's header cannot be read.");
  }
  return { header, dataStart: 8 + length };
}

/** @param {unknown} dtype @returns {dtype is keyof typeof BYTES} */
function isKnown(dtype) {
  return typeof dtype === "string" && Object.hasOwn(BYTES, dtype);
}

/**
 * @param {string} name
 * @param {any} entry
 * @param {number} available  bytes after the header
 * @returns {TensorInfo}
 */
function checkedEntry(name, entry, available) {
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  if (!isKnown(dtype)) {
    throw new FormatError(`Tensor “${name}” is of a kind (${dtype}) that is not read here.`);
  }
  const count = Array.isArray(shape) ? shape.reduce((product, n) => product * n, 1) : NaN;
  const [start, end] = Array.isArray(offsets) ? offsets : [NaN, NaN];
  if (!(Number.isSafeInteger(count) && start >= 0 && end - start === count * BYTES[dtype])) {
    throw new FormatError(`Tensor “${name}” has a size that does not fit its place in the file.`);
  }
  if (end > available) throw new FormatError("The file was cut short.");
  return { dtype, shape, start, end };
}

/**
 * Arguments for a typed array over these bytes; a copy if they do not start at a multiple of the item's size.
 *
 * @param {ArrayBuffer} buffer
 * @param {number} offset
 * @param {number} count
 * @param {number} bytes
 * @returns {[ArrayBuffer, number, number]}
 */
function aligned(buffer, offset, count, bytes) {
  if (offset % bytes === 0) return [buffer, offset, count];
  return [buffer.slice(offset, offset + count * bytes), 0, count];
}

/** @type {Float32Array | null} */
let halfTable = null;

/**
 * Widen half-precision numbers through a table of all 65,536 of them.
 *
 * @param {Uint16Array} halves
 * @returns {Float32Array}
 */
export function widenHalf(halves) {
  halfTable ??= makeHalfTable();
  const table = halfTable;
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = table[halves[i]];
  return out;
}

/** @returns {Float32Array} */
function makeHalfTable() {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    let value;
    if (exponent === 0) value = fraction * 2 ** -24;
    else if (exponent === 31) value = fraction ? NaN : Infinity;
    else value = (1 + fraction / 1024) * 2 ** (exponent - 15);
    table[bits] = bits & 0x8000 ? -value : value;
  }
  return table;
}

/** @param {Uint16Array} words @returns {Float32Array} */
function widenBrain(words) {
  const out = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) out[i] = words[i] << 16;
  return new Float32Array(out.buffer);
}

/**
 * @param {Safetensors} file
 * @param {"encoder" | "decoder"} net
 * @returns {Weights} its tensors named `encoder.*` or `decoder.*`
 */
export function weightsOf(file, net) {
  return new Map(
    file
      .names()
      .filter((name) => name.startsWith(`${net}.`))
      .map((name) => [name, { shape: file.shape(name), data: file.floats(name) }]),
  );
}

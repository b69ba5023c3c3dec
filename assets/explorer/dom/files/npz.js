/**
 * Arrays as a file that `numpy.load` reads: one `.npy` each (NEP 1, version 1.0), in a zip that compresses nothing
 * (APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16).
 */

import { crc32 } from "./crc32.js";

/** @typedef {{name: string, values: Float32Array | Int32Array, shape: number[]}} NamedArray */

/** Before an array come the magic number, the version, and a header that ends at a multiple of this. */
const ALIGNED = 64;

/** In a zip: what a file, its entry in the list at the end, and that list's end begin with. */
const SIGNATURES = { file: 0x04034b50, entry: 0x02014b50, end: 0x06054b50 };

/** Bytes of each of these before names and contents. */
const SIZES = { file: 30, entry: 46, end: 22 };

/** What a reader must know to open it: zip 2.0. */
const VERSION = 20;

/** The first day that a zip can tell, 1 January 1980: the same arrays are the same file at any time. */
const DAY = 0x21;

/**
 * @param {NamedArray[]} arrays
 * @returns {Blob} an `.npz`
 */
export function npz(arrays) {
  /** @type {BlobPart[]} */
  const files = [];
  /** @type {BlobPart[]} */
  const entries = [];
  let at = 0;
  let listed = 0;
  for (const { name, values, shape } of arrays) {
    const title = new TextEncoder().encode(`${name}.npy`);
    const content = npy(values, shape);
    const facts = { crc: crc32(content), size: content.length, title: title.length, at };
    files.push(record("file", facts), title, content);
    entries.push(record("entry", facts), title);
    at += SIZES.file + title.length + content.length;
    listed += SIZES.entry + title.length;
  }
  const end = new DataView(new ArrayBuffer(SIZES.end));
  end.setUint32(0, SIGNATURES.end, true);
  end.setUint16(8, arrays.length, true);
  end.setUint16(10, arrays.length, true);
  end.setUint32(12, listed, true);
  end.setUint32(16, at, true);
  return new Blob([...files, ...entries, end], { type: "application/zip" });
}

/**
 * @param {Float32Array | Int32Array} values
 * @param {number[]} shape
 * @returns {Uint8Array<ArrayBuffer>} an `.npy`, in the order of C, little-endian
 */
function npy(values, shape) {
  const kind = values instanceof Float32Array ? "<f4" : "<i4";
  const size = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${size}), }`;
  const before = 10; // bytes of magic number, version and the header's length
  const length = Math.ceil((before + header.length + 1) / ALIGNED) * ALIGNED - before;
  const text = `\x93NUMPY\x01\x00${String.fromCharCode(length & 0xff, length >> 8)}${
    header.padEnd(length - 1)
  }\n`;
  const bytes = new Uint8Array(text.length + 4 * values.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  const view = new DataView(bytes.buffer, text.length);
  const isFloat = values instanceof Float32Array;
  values.forEach((value, k) =>
    isFloat ? view.setFloat32(4 * k, value, true) : view.setInt32(4 * k, value, true)
  );
  return bytes;
}

/**
 * What a zip says of a file: before it, and once more in the list at its end.
 *
 * @param {"file" | "entry"} kind
 * @param {{crc: number, size: number, title: number, at: number}} facts  `title`: bytes of its name
 */
function record(kind, { crc, size, title, at }) {
  const view = new DataView(new ArrayBuffer(SIZES[kind]));
  view.setUint32(0, SIGNATURES[kind], true);
  let from = 4;
  if (kind === "entry") {
    view.setUint16(from, VERSION, true); // of what made it
    from += 2;
    view.setUint32(42, at, true);
  }
  view.setUint16(from, VERSION, true);
  view.setUint16(from + 8, DAY, true); // flags, method and time before it: none
  view.setUint32(from + 10, crc, true);
  view.setUint32(from + 14, size, true); // compressed, and as it is
  view.setUint32(from + 18, size, true);
  view.setUint16(from + 22, title, true);
  return view;
}

/** The checksum of PNG's chunks and of what a zip holds (ISO 3309). */

/** What each byte does to it. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** @param {Uint8Array} bytes @returns {number} 0..2^32 - 1 */
export function crc32(bytes) {
  let crc = 0xffffffff;
  for (let k = 0; k < bytes.length; k++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[k]) & 0xff];
  return ~crc >>> 0;
}

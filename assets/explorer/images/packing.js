/**
 * Files of one's own on their way to the server: found in what was chosen or dropped, and put into one body.
 *
 * `vae_core/images/uploads/packed.py` reads what `packed` makes. No file is read here: a Blob of files is only a list
 * of them, and the browser reads each when its turn to be sent comes.
 */

/** @typedef {{name: string, file: File}} Named  a file with its path within what was chosen */
/** @typedef {{name: string, body: Blob}} Parcel  what is sent, and what it is called */

const MAGIC = "LATFILES";

/** What goes as it is: the server unpacks it. */
const ARCHIVES = [".zip", ".npz"];

/**
 * @param {Iterable<File>} files  of an input, the paths of a chosen folder among their properties
 * @returns {Named[]}
 */
export function chosenFiles(files) {
  return [...files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
}

/**
 * Find all files of what was dropped, those in folders too.
 *
 * @param {DataTransfer} transfer  of the event that is being handled: later it is empty
 * @returns {Promise<Named[]>}
 */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.every((entry) => entry === null)) return chosenFiles(transfer.files);
  /** @type {Named[]} */
  const found = [];
  for (const entry of entries) if (entry) await collect(entry, "", found);
  return found;
}

/**
 * Put files into one body: a single archive as it is, all else with a list of names before them.
 *
 * @param {Named[]} files
 * @returns {Parcel}
 */
export function packed(files) {
  if (files.length === 1) {
    const { name, file } = files[0];
    if (ARCHIVES.some((ending) => name.toLowerCase().endsWith(ending))) {
      return { name: file.name, body: file };
    }
  }
  const list = new TextEncoder().encode(JSON.stringify(files.map(({ name, file }) => [name, file.size])));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(list.length), true);
  const body = new Blob([MAGIC, length.buffer, list, ...files.map(({ file }) => file)]);
  return { name: `${nameOf(files)}.files`, body };
}

/**
 * @param {Named[]} files
 * @returns {string} the folder that all of them lie in, or how many there are
 */
function nameOf(files) {
  const folders = new Set(files.map(({ name }) => (name.includes("/") ? name.split("/")[0] : "")));
  const [folder] = folders;
  if (folders.size === 1 && folder) return folder;
  return files.length === 1 ? files[0].name : `${files.length} files`;
}

/**
 * @param {FileSystemEntry} entry
 * @param {string} above  its folder, with a slash behind it
 * @param {Named[]} found  takes the files
 */
async function collect(entry, above, found) {
  const name = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) =>
      /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject)
    );
    found.push({ name, file });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) { // a hundred at a time
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return;
    for (const inner of entries) await collect(inner, `${name}/`, found);
  }
}

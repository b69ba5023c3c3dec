/**
 * The compiled kernels: kernels.c, built ahead of time for three kinds of browsers.
 *
 * They run without threads and shared memory, on a page or in a worker, so that a plain http server will do.
 */

/** @typedef {"fused" | "simd" | "plain"} Build */

/** The kernels cannot be had; the message can be shown to a reader. */
export class KernelsError extends Error {}

/** @type {Record<Build, string>} */
const FILES = {
  fused: "./kernels-fused.wasm",
  simd: "./kernels.wasm",
  plain: "./kernels-plain.wasm",
};

/** A module of one function, that multiplies and adds vectors of zeros in one instruction. */
// deno-fmt-ignore
const WITH_FUSED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11];

/** A module of one function, that gives a vector of zeros. */
// deno-fmt-ignore
const WITH_VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0,
  65, 0, 253, 15, 11];

/** @type {Map<Build, Promise<WebAssembly.Module>>} */
const asked = new Map();

/** @type {WebAssembly.Module | null} */
let compiled = null;

/**
 * Get the kernels ready; nets can be made from then on. They are fetched once.
 *
 * @param {Build} [build]  by default the fastest that this browser runs
 * @returns {Promise<WebAssembly.Module>} rejected with a KernelsError; the next call tries again
 */
export async function kernels(build) {
  if (typeof WebAssembly === "undefined") {
    throw new KernelsError(
      "This browser runs no WebAssembly, by which models are run here. Switch it on, or take another browser.",
    );
  }
  return await kernelsOf(build ?? fastestBuild());
}

/** @returns {boolean} whether nets can be made */
export function areKernelsHere() {
  return compiled !== null;
}

/** @param {Build} build @returns {Promise<WebAssembly.Module>} */
async function kernelsOf(build) {
  let found = asked.get(build);
  if (!found) {
    found = fetched(FILES[build]);
    asked.set(build, found);
    found.catch(() => asked.delete(build));
  }
  compiled = await found;
  return compiled;
}

/** @returns {Build} the fastest that this browser runs */
export function fastestBuild() {
  const runs = (/** @type {number[]} */ bytes) => WebAssembly.validate(Uint8Array.from(bytes));
  if (runs(WITH_FUSED)) return "fused";
  return runs(WITH_VECTORS) ? "simd" : "plain";
}

/**
 * The kernels' functions over one memory, of its own for each net: it goes when the net goes.
 *
 * @param {WebAssembly.Memory} memory
 * @returns {Record<string, (step: number, images: number) => void> & {panel: () => number}}
 */
export function kernelsOver(memory) {
  if (!compiled) throw new KernelsError("What runs the models is not here yet. Reload the page.");
  return /** @type {any} */ (new WebAssembly.Instance(compiled, { env: { memory } }).exports);
}

/** @param {string} file @returns {Promise<WebAssembly.Module>} */
async function fetched(file) {
  let response;
  try {
    response = await fetch(new URL(file, import.meta.url));
  } catch {
    throw new KernelsError(
      "What runs the models could not be fetched: no connection to the server. Reload the page.",
    );
  }
  if (!response.ok) {
    throw new KernelsError(
      `What runs the models could not be fetched: the server answered ${response.status}. Reload the page.`,
    );
  }
  try {
    // Not as a stream: that wants the right content type, and these are a few kilobytes.
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KernelsError(
      `This browser cannot run what runs the models (${reason}). Reload the page, or take another browser.`,
    );
  }
}

/**
 * The way in for images of one's own: choose or drop them, see how much has come, cancel.
 *
 * They go to a route of ours in one request, which the browser reads from its disk as it goes: Streamlit's own way
 * would hold all of them in memory.
 */

import { element, setText, textButton } from "../dom/dom.js";
import { chosenFiles, droppedFiles, packed } from "./packing.js";

/** @typedef {import("./packing.js").Named} Named */
/** @typedef {import("./packing.js").Parcel} Parcel */

/**
 * @typedef {object} UploadData  what Python says
 * @property {string} url  where it goes
 * @property {number} most  bytes that may come at a time
 * @property {number} mostFiles
 */

/** @type {WeakMap<HTMLElement, Upload>} */
const mounted = new WeakMap();

/**
 * Streamlit calls it at mount, again for new data, and now and then twice.
 *
 * @param {{parentElement: HTMLElement, data: UploadData, setTriggerValue: (key: string, value: unknown) => void}} component
 * @returns {() => void} the clean-up
 */
export default function mount({ parentElement, data, setTriggerValue }) {
  const place = /** @type {HTMLElement | null} */ (parentElement.querySelector(".latent-upload"));
  if (!place) return () => {};
  let upload = mounted.get(place);
  if (!upload) {
    upload = new Upload(place);
    mounted.set(place, upload);
  }
  upload.data = data;
  upload.tell = (id) => setTriggerValue("brought", id);
  const found = upload;
  return () => setTimeout(() => place.isConnected || found.cancel(), 200);
}

/** One place on a page; at most one upload at a time. */
class Upload {
  /** @type {UploadData} */
  data = { url: "", most: 0, mostFiles: 0 };
  /** @type {(id: string) => void} tells Python that all has come */
  tell = () => {};
  /** @type {XMLHttpRequest | null} */
  #request = null;
  /** Counts what was begun: what is found out late about an earlier one is of no interest. */
  #turn = 0;

  /** @param {HTMLElement} place */
  constructor(place) {
    const many = element("input", {
      type: "file",
      multiple: true,
      hidden: true,
      "data-role": "upload-files",
    });
    const folder = element("input", { type: "file", hidden: true, "data-role": "upload-folder" });
    folder.webkitdirectory = true;
    for (const input of [many, folder]) {
      input.addEventListener("change", () => {
        const files = chosenFiles(input.files ?? []);
        input.value = ""; // the same files may be chosen again
        if (files.length) this.#bring(files);
      });
    }
    this.files = textButton("Choose files", "Images, a zip or an .npz", () => many.click());
    this.folder = textButton(
      "Choose a folder",
      "All images in it; its folders are classes",
      () => folder.click(),
    );
    this.stop = textButton("Cancel", "Bring nothing", () => this.cancel("Cancelled: nothing was brought."));
    this.bar = element("progress", { max: 1, value: 0, "aria-label": "How much has come" });
    this.said = element("p", { role: "status", "data-role": "upload-said" });
    this.words = element("p", { class: "lu-words" }, "Drop images here: files, a folder, a zip or an .npz.");
    this.buttons = element("div", { class: "lu-buttons" }, this.files, this.folder, this.stop);
    place.append(this.words, this.buttons, this.bar, this.said, many, folder);
    place.addEventListener("dragover", (event) => {
      event.preventDefault();
      place.classList.add("lu-over");
    });
    place.addEventListener("dragleave", () => place.classList.remove("lu-over"));
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      place.classList.remove("lu-over");
      if (event.dataTransfer && !this.#request) this.#drop(event.dataTransfer);
    });
    this.#show(false);
  }

  /** @param {string} [why]  what is said then */
  cancel(why = "") {
    this.#turn += 1;
    this.#request?.abort();
    this.#over(why);
  }

  /** @param {DataTransfer} transfer */
  async #drop(transfer) {
    const turn = (this.#turn += 1);
    this.#say("Looking at what was dropped …");
    try {
      const files = await droppedFiles(transfer);
      if (turn === this.#turn) await this.#bring(files);
    } catch {
      if (turn === this.#turn) this.#over("What was dropped cannot be read. Try Choose files.", true);
    }
  }

  /** @param {Named[]} files */
  async #bring(files) {
    const turn = (this.#turn += 1);
    const { url, most, mostFiles } = this.data;
    if (!files.length) return this.#over("There is no file in it.", true);
    if (files.length > mostFiles) {
      const counted = files.length.toLocaleString("en");
      const said = `These are ${counted} files; at most ${
        mostFiles.toLocaleString("en")
      } can come at a time.`;
      return this.#over(said, true);
    }
    const parcel = packed(files);
    if (parcel.body.size > most) {
      const said = `This has ${megabytes(parcel.body.size)}; at most ${megabytes(most)} can come at a time.`;
      return this.#over(`${said} Bring a part of it.`, true);
    }
    this.#show(true);
    this.#say("One moment …");
    const answer = await fetch(`${url}?size=${parcel.body.size}`).catch(() => null);
    if (turn !== this.#turn) return;
    if (!answer?.ok) return this.#over((await answer?.text().catch(() => "")) || LOST, true);
    this.#send(parcel, turn);
  }

  /** @param {Parcel} parcel @param {number} turn */
  #send({ name, body }, turn) {
    const request = new XMLHttpRequest();
    const title = name.replace(/\.files$/, "");
    this.#request = request;
    request.open("POST", `${this.data.url}?name=${encodeURIComponent(name)}`);
    request.upload.addEventListener("progress", ({ loaded }) => {
      if (turn !== this.#turn) return;
      this.bar.value = Math.min(1, loaded / body.size);
      this.#say(`${title}: ${megabytes(loaded)} of ${megabytes(body.size)} have come.`);
    });
    request.addEventListener("load", () => {
      if (turn !== this.#turn) return;
      if (request.status !== 200) return this.#over(request.responseText || LOST, true);
      this.#over(""); // the page shows it
      this.tell(JSON.parse(request.responseText).brought);
    });
    request.addEventListener("error", () => turn === this.#turn && this.#over(LOST, true));
    request.send(body);
  }

  /** @param {string} said @param {boolean} [isWrong] */
  #over(said, isWrong = false) {
    this.#request = null;
    this.#show(false);
    this.#say(said, isWrong);
  }

  /** @param {boolean} isComing */
  #show(isComing) {
    this.files.disabled = this.folder.disabled = isComing;
    this.stop.hidden = this.bar.hidden = !isComing;
    if (isComing) this.bar.value = 0;
  }

  /** @param {string} text @param {boolean} [isWrong] */
  #say(text, isWrong = false) {
    setText(this.said, text);
    this.said.hidden = !text;
    this.said.classList.toggle("lu-wrong", isWrong);
  }
}

const LOST = "The connection was lost, or a file cannot be read any more. Nothing was brought: try again.";

/** @param {number} bytes @returns {string} */
function megabytes(bytes) {
  const millions = bytes / 1e6;
  return millions >= 1000
    ? `${(millions / 1000).toFixed(2)} GB`
    : `${millions.toFixed(millions < 10 ? 1 : 0)} MB`;
}

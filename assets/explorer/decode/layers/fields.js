/** The fields of one entry of a list of layers, read one by one; what is wrong with them is said in a sentence. */

import { FormatError } from "../../data/safetensors.js";
import { LIMITS } from "./shape.js";

/** @typedef {import("./shape.js").Pair} Pair */

export class Fields {
  /**
   * @param {any} entry
   * @param {string} title  what a sentence calls the layer
   */
  constructor(entry, title) {
    this.entry = entry;
    this.title = title;
  }

  /** @param {string} field @returns {any} */
  get(field) {
    return Object.hasOwn(this.entry, field) ? this.entry[field] : undefined;
  }

  /** @param {string} field @returns {number} a whole number from one on */
  whole(field) {
    return this.#checked(field, this.get(field), 1);
  }

  /** @param {string} field @returns {string} by which weights are found */
  name(field) {
    return this.#named(field, this.get(field));
  }

  /** @param {string} field @returns {string[]} at least one */
  names(field) {
    const value = this.get(field);
    if (!Array.isArray(value) || value.length === 0) this.refuse(`its ${field} must be a list of names`);
    return value.map((name) => this.#named(field, name));
  }

  /**
   * One whole number, or two: for rows and for columns.
   *
   * @param {string} field
   * @param {number} [least]
   * @param {number | Pair} [otherwise]  where the field is left out
   * @returns {Pair}
   */
  pair(field, least = 1, otherwise) {
    const value = this.get(field) ?? otherwise;
    const both = Array.isArray(value) ? value : [value, value];
    if (both.length !== 2) this.refuse(`its ${field} must be one or two whole numbers`);
    return [this.#checked(field, both[0], least), this.#checked(field, both[1], least)];
  }

  /** @param {string} field @param {number} otherwise @returns {number} */
  real(field, otherwise) {
    const value = this.get(field) ?? otherwise;
    if (!Number.isFinite(value)) this.refuse(`its ${field} must be a number`);
    return value;
  }

  /** @param {string} field @returns {boolean} true where it is left out */
  flag(field) {
    const value = this.get(field) ?? true;
    if (typeof value !== "boolean") this.refuse(`its ${field} must be true or false`);
    return value;
  }

  /** @param {string} reason @returns {never} */
  refuse(reason) {
    throw new FormatError(`${this.title}: ${reason}.`);
  }

  /** @param {string} field @param {any} value @returns {string} */
  #named(field, value) {
    if (typeof value !== "string" || !value) {
      this.refuse(`it wants a name, by which its weights are found, as its ${field}`);
    }
    return value;
  }

  /** @param {string} field @param {any} value @param {number} least @returns {number} */
  #checked(field, value, least) {
    if (!Number.isSafeInteger(value) || value < least || value > LIMITS.weights) {
      this.refuse(`its ${field} must be a whole number from ${least} on`);
    }
    return value;
  }
}

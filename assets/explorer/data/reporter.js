/**
 * Tell Python what was chosen, once, when the hand has come to rest. Nothing is sent while it moves, nothing at mount.
 *
 * Python's answer to that is a rerun in which it says the same value again; such an echo must change nothing here,
 * least of all when the hand has moved on meanwhile.
 */

/** How long the hand must rest, in ms. */
export const REST = 400;

export class Reporter {
  constructor() {
    /** @type {Map<string, any>} */
    this.waiting = new Map();
    /** What Python said last, as JSON by key. @type {Map<string, string>} */
    this.said = new Map();
    /** What it was told and has not yet repeated, as JSON by key. @type {Map<string, string[]>} */
    this.told = new Map();
    this.timer = 0;
    /** @type {(key: string, value: any) => void} */
    this.send = () => {};
  }

  /** @param {string} key @param {any} value  JSON-able */
  report(key, value) {
    const newest = this.told.get(key)?.at(-1) ?? this.said.get(key);
    if (newest === JSON.stringify(value)) this.waiting.delete(key);
    else this.waiting.set(key, value);
    this.stir();
  }

  /** The hand moved: wait on. */
  stir() {
    clearTimeout(this.timer);
    if (this.waiting.size) this.timer = setTimeout(() => this.flush(), REST);
  }

  /**
   * Take note of what Python says.
   *
   * @param {string} key
   * @param {any} value  in the form in which it is reported
   * @returns {boolean} whether it is new: neither an echo nor what it said before
   */
  hear(key, value) {
    const text = JSON.stringify(value);
    if (text === this.said.get(key)) return false;
    this.said.set(key, text);
    const told = this.told.get(key) ?? [];
    const echo = told.indexOf(text);
    this.told.set(key, echo < 0 ? [] : told.slice(echo + 1));
    return echo < 0;
  }

  /** What it is about is another thing now: the same value is new again. @param {string} key */
  forget(key) {
    this.waiting.delete(key);
    this.told.delete(key);
    this.said.delete(key);
  }

  /** Tell at once what waits: someone is about to act on it. */
  flush() {
    clearTimeout(this.timer);
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const [key, value] of waiting) {
      this.told.set(key, [...(this.told.get(key) ?? []), JSON.stringify(value)]);
      this.send(key, value);
    }
  }

  close() {
    clearTimeout(this.timer);
    this.waiting.clear();
    this.send = () => {};
  }
}

/** Whether the learner did what a lesson's steps ask: judged from what their own hand and runs brought about. */

/** @typedef {import("../data/lesson.js").Step} Step */
/** @typedef {import("../data/lesson.js").Values} Values */

export class Check {
  /** @param {Step[]} steps @param {number} done  how many were done before */
  constructor(steps, done = 0) {
    this.steps = steps;
    this.done = Math.min(done, steps.length);
    /** Moments that counted, by step: the quantities as they were. @type {Map<string, Values[]>} */
    this.counted = new Map();
  }

  /** The step that is to be done now; null: all are. @returns {Step | null} */
  get current() {
    return this.steps[this.done] ?? null;
  }

  /** How often the current step has counted. */
  get times() {
    return this.current ? this.counted.get(this.current.name)?.length ?? 0 : 0;
  }

  /**
   * Look at the quantities: at a moment under the hand, or at the end of a run.
   *
   * @param {"moment" | "runs"} kind
   * @param {Values} values
   * @returns {boolean} whether this brought the step to its end
   */
  look(kind, values) {
    const step = this.current;
    if (!step || step.check !== kind || !holds(step.when, values)) return false;
    const before = this.counted.get(step.name) ?? [];
    if (step.of && before.some((each) => each[step.of] === values[step.of])) return false;
    this.counted.set(step.name, [...before, { ...values }]);
    if (this.times < step.times) return false;
    this.done += 1;
    return true;
  }

  /**
   * @param {string} step
   * @param {string} quantity
   * @returns {number} its mean over the moments that counted; NaN where none did
   */
  measured(step, quantity) {
    const values = (this.counted.get(step) ?? []).map((each) => each[quantity]);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }
}

/** @param {Step["when"]} when @param {Values} values @returns {boolean} whether all ranges hold together */
function holds(when, values) {
  return Object.entries(when).every(([name, [least, greatest]]) =>
    values[name] >= least && values[name] <= greatest
  );
}

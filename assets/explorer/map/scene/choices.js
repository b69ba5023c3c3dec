/** What someone chose on a map and sees of it: all that another map needs to show the same. */

/**
 * @typedef {object} MapChoices          null: nothing is known of it
 * @property {string | null} axes        as `checkedAxes` names them
 * @property {string[] | null} layers    those that are on, by name
 * @property {string | null} by          what points are coloured by
 * @property {number[] | null} hidden    groups that are not to be seen, in order
 * @property {import("./viewport.js").Ranges | null} ranges  of the axes
 * @property {[number, number] | null} size  of what they stand for, px
 */

/** @type {MapChoices} */
export const NO_CHOICES = { axes: null, layers: null, by: null, hidden: null, ranges: null, size: null };

/**
 * A lesson as Python sends it: `ui/learn/files/lesson.py` has the same fields, and has checked them.
 *
 * Types alone.
 */

/**
 * @typedef {[kind: string, text: string, more?: string]} Run  a piece of a line: "text", "strong", "em", "code", "sub",
 *     "sup", "symbol" (then its quantity) or "link" (then its address)
 */

/**
 * @typedef {object} Block
 * @property {"paragraph" | "list" | "formula"} kind
 * @property {Run[]} [runs]                              of a paragraph
 * @property {Run[][]} [items]                           of a list
 * @property {Run[][]} [lines]                           of a formula
 * @property {{name: string, source: string}} [code]     the function that computes a formula
 */

/** @typedef {{say: string, least: number, greatest: number}} Option  right between these values of the quantity */

/**
 * @typedef {object} Prediction
 * @property {"choice" | "number"} kind
 * @property {string} ask
 * @property {string} quantity
 * @property {string} at         the step whose counted moments it is measured at
 * @property {string} title      what the measured quantity is called
 * @property {Option[]} options  of a choice
 * @property {number} least      of a number
 * @property {number} greatest
 * @property {number} near       a number this near is right
 * @property {number} decimals
 * @property {string} unit
 */

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} part
 * @property {string} do
 * @property {string} missing
 * @property {"moment" | "runs"} check
 * @property {Record<string, [number, number]>} when
 * @property {number} times
 * @property {string} of
 * @property {Settings} enter
 * @property {Settings} leave
 */

/** @typedef {Record<string, string | number>} Settings  of a thing */

/** @typedef {Record<string, number>} Values  of quantities, by name */

/** @typedef {{quantity: string, title: string, decimals: number, unit: string}} ShownNumber */

/**
 * @typedef {object} Training
 * @property {string} images
 * @property {Record<string, any>} model
 * @property {Record<string, any>} train
 * @property {Record<string, Array<number | string>>} choices
 * @property {string[]} live
 */

/** @typedef {{slug: string, title: string, order: number, minutes: number, learns: string, clears: string}} ListedLesson */

/**
 * @typedef {object} LessonText
 * @property {string} thing
 * @property {string[]} show
 * @property {[string, string] | null} trace  quantities: across and up, a mark for each run
 * @property {Training | null} training
 * @property {Prediction} prediction
 * @property {Step[]} steps
 * @property {ShownNumber[]} numbers
 * @property {Block[]} intro
 * @property {Block[]} explanation
 * @property {Block[]} next
 * @property {number | null} [seed]  of what is drawn at random; null: as chance has it
 * @property {string[]} [hide]       parts of the thing that are not to be seen
 * @property {string[]} [lock]       parts of the thing that can be seen and not moved
 * @property {Record<string, string>} [files]  the lesson's code to take along, by the files' names
 *
 * @typedef {ListedLesson & LessonText} Lesson
 */

/**
 * @typedef {object} RoomSource       a lesson that a class does together, as Python has it when it draws the page
 * @property {string} url             of its WebSocket
 * @property {number} turn            grows each time that a lesson is opened or set back
 * @property {string} lesson          slug of what is open
 * @property {string} title           of that lesson
 * @property {RoomStage} stage
 * @property {boolean} own            whether this browser leads it
 */

/** @typedef {"predict" | "shown" | "try"} RoomStage */

/**
 * @typedef {object} RoomNews         as `ui/web/sockets/lesson_sockets.py` tells it
 * @property {number} turn
 * @property {string} lesson
 * @property {RoomStage} stage
 * @property {number} joined          browsers in the class
 * @property {number} predicted       those that have said what they expect
 * @property {Array<[number, number]> | null} said  an option's index or a number, and how many said it; null: not shown
 */

export {};

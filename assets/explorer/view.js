/**
 * What the component asks of the views that can be drawn in it, what they get, and what Python sends.
 *
 * Types alone: whoever tells of a view or shows one can name these without importing all six.
 */

/**
 * @typedef {object} ExplorerData   what `ui/explorer/component.py` sends
 * @property {number} [turn]  grows with each change of all this: calls come late, and out of order
 * @property {ViewName} mode
 * @property {string} plotly                              URL of Plotly.js
 * @property {BundleSource | null} bundle                 the stored model to show
 * @property {RunSource | null} stream                    the run to show
 * @property {number[] | null} z                          the pinned latent, (D,)
 * @property {string | null} axes                         of the map, as `checkedAxes` names them
 * @property {string[] | null} layers                     of the map; null: what suits the model
 * @property {Interpolation | null} interpolation
 * @property {[string, boolean, boolean] | null} [standing]  what the page has drawn of the run: its state, whether it
 *     has learned, whether it has a past
 * @property {string | null} lead     URL on which to tell followers what is shown
 * @property {boolean} [foreign]      whether it is someone else's, whom it would be to show it to followers
 * @property {string | null} follow   URL on which a leader's moves come, for "follow"
 * @property {import("./data/lesson.js").Lesson | null} [lesson]  to play, for "learn"; null: the list of all
 * @property {import("./data/lesson.js").ListedLesson[]} [lessons]
 * @property {number} [heard]         number of the order that was obeyed or refused last
 * @property {string} [trouble]       why the engine refused what a lesson ordered; "" if it did not
 * @property {KeepSource | null} [keep]  where drawings can be kept, for "draw"
 * @property {import("./data/lesson.js").RoomSource | null} [room]  a class that does a lesson together
 */

/** @typedef {"explore" | "train" | "interpolate" | "follow" | "learn" | "draw"} ViewName */

/** @typedef {import("./data/bundle.js").BundleSource} BundleSource */

/** @typedef {{url: string, collection: string}} KeepSource  `collection`: token of the link to a class's; "" for one's own */

/** @typedef {{url: string, run: string, keyframes: string | null}} RunSource  `keyframes`: folder of the run's past */

/**
 * @typedef {object} Interpolation
 * @property {number | null} from        index of the probe's image where the walk starts; null: not chosen
 * @property {number | null} to          where it ends
 * @property {string} method             of the row that is drawn on the map: "linear" or "slerp"
 * @property {number} steps              pictures in a row
 */

/**
 * @typedef {object} ViewContext
 * @property {ExplorerData} data
 * @property {import("./decode/service.js").DecodeService} service
 * @property {import("./data/reporter.js").Reporter} reporter
 */

/**
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {boolean} isReady                                   whether the first picture is drawn
 * @property {number} frames                                     of a live run drawn since mount
 * @property {import("./data/bundle.js").Bundle | null} bundle   the stored model that is shown
 * @property {ShownPicture} decoded
 * @property {ShownMap} map
 * @property {import("./cursor/cursor.js").Cursor} [cursor]      where a latent can be pinned
 * @property {ShownPanel} [panel]                                around the map, where there is one
 * @property {number | null} [keyframe]                          the step shown of a run's past; null: now
 * @property {{lastLatency: number}} [rewind]                    ms from the hand's event to the moment it asked for
 * @property {Record<string, number> | null} [quantities]        what a lesson's thing measures now, by name
 * @property {object | null} [thing]                            a lesson's, to touch
 * @property {{mean: number[], logvar: number[] | null} | null} [drawn]  the code of what is on the pad, (D,) each
 * @property {() => void} [clearDrawing]                         empty the pad
 * @property {() => Promise<void>} open                          fetch what is to be shown
 * @property {(data: ExplorerData) => void} update               Python says something
 * @property {() => void} close
 * @property {() => void} [recolour]                             the theme changed
 * @property {(name: string | null) => void} [setAxes]           show the map on other axes; null: the default
 * @property {Particulars} [particulars]                         what is chosen besides the map
 * @property {(theirs: Particulars) => void} [takeParticulars]   take a leader's, as far as they are known
 */

/**
 * @typedef {object} Particulars      what a view shows besides model, latent and map; null: there is none
 * @property {Walk | null} [walk]     of Interpolate
 * @property {{update: number, step: number, image: number} | null} [slow]  slow motion: which update of a run, which
 *     step of it, which of its images
 * @property {number | null} [moment]  the step shown of a run's past
 * @property {Look | null} [look]     of Explore
 */

/**
 * @typedef {object} Look             what Explore shows besides its map
 * @property {number | null} image    index of the probe's image that is looked at; null: none
 * @property {"code" | "sample" | "near"} how  the pinned latent belongs to it
 * @property {number} away            from there to its code, in latent space
 * @property {"prior" | "data"} reach  how far sliders and strips go
 * @property {number} label           the class told
 */

/**
 * @typedef {object} Walk
 * @property {number} from            index of the probe's image
 * @property {number} to
 * @property {"linear" | "slerp"} method
 * @property {number} steps           pictures in a row
 * @property {number} at              the share of the way that is shown, 0..1
 */

/**
 * @typedef {object} ShownPicture     of the latent under the hand
 * @property {ArrayLike<number>} z    whose picture is drawn now, (D,)
 * @property {number} lastLatency     ms from the hand's event to the first animation frame after the picture changed
 * @property {(z: ArrayLike<number>) => Promise<Float32Array>} decode  pixels in [0, 1], (C * H * W,)
 */

/**
 * @typedef {object} ShownMap
 * @property {ArrayLike<number>} positions  of the points, N pairs in axis units
 * @property {() => void} recolourAll       colours or the screen's pixels are others
 * @property {() => void} onTouch           tell whoever made the map that someone looks at it
 */

/**
 * @typedef {object} ShownPanel
 * @property {import("./latent/space.js").Space | null} space  what the map shows; null: nothing yet
 * @property {string} axesName
 * @property {MapChoices} choices
 * @property {(theirs: MapChoices) => void} takeChoices
 */

/** @typedef {import("./map/scene/choices.js").MapChoices} MapChoices */

export {};

/** The things to touch that lessons can name: `ui/learn/vocabulary.py` says what each has. */

import { CloudsThing } from "./clouds.js";
import { WalkThing } from "./walk.js";

/** @typedef {import("./thing.js").Thing} Thing */
/** @typedef {import("./thing.js").ThingContext} ThingContext */

/** @type {Record<string, new (context: ThingContext) => Thing>} */
export const THINGS = { clouds: CloudsThing, walk: WalkThing };

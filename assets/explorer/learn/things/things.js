/** The things to touch that lessons can name: `ui/learn/files/vocabulary.py` says what each has. */

import { BoundThing } from "./bound.js";
import { CloudsThing } from "./clouds.js";
import { HolesThing } from "./holes.js";
import { RunThing } from "./run.js";
import { TrickThing } from "./trick.js";
import { WalkThing } from "./walk.js";

/** @typedef {import("./thing.js").Thing} Thing */
/** @typedef {import("./thing.js").ThingContext} ThingContext */

/** @type {Record<string, new (context: ThingContext) => Thing>} */
export const THINGS = {
  bound: BoundThing,
  clouds: CloudsThing,
  holes: HolesThing,
  run: RunThing,
  trick: TrickThing,
  walk: WalkThing,
};

/**
 * What a run sends to whoever watches it: the kinds of messages of its stream, and what stands in each.
 *
 * A message is a file in the safetensors layout: facts as JSON, and arrays. `vae_core/engine/watching/messages.py`
 * writes it, `engine/runs/run.py` and `engine/worker/broadcast.py` give the facts, `engine/worker/packing.py` the
 * arrays. A number that is not known, or is none, comes as null. (P images on the map, D dimensions, K of the P.)
 */

import { Safetensors } from "./safetensors.js";

/** @typedef {"queued" | "running" | "paused" | "done" | "stopping" | "stopped" | "failed" | "parked"} RunState */

/**
 * @typedef {object} TrainConfig  of those in `vae_core/config/configs.py` what is read here
 * @property {number} epochs
 */

/**
 * @typedef {object} Mark     where a setting was changed, or something else happened
 * @property {number} step
 * @property {number} epoch
 * @property {string} text    what, e.g. "beta 1 → 20"
 */

/** @typedef {{step: number, epoch: number}} Moment  a keyframe that the run keeps */

/**
 * @typedef {object} Term     one number that a family reports for each image
 * @property {string} name
 * @property {string} title   for people
 * @property {string} caption  what it says, or what is good, in a few words
 * @property {string} unit
 * @property {"higher" | "lower" | ""} better
 * @property {boolean} per_dim  whether there is one for each latent dimension too
 * @property {Record<string, number>} parts  terms that it is made of, each with its factor; none: it is computed
 */

/**
 * @typedef {object} Family   what a run's family has: config/families.py
 * @property {"gaussian" | "point" | "categorical" | "prior"} latent_kind  what an image's code is
 * @property {boolean} has_encoder
 * @property {boolean} has_likelihood
 * @property {boolean} has_prior
 * @property {boolean} explained  whether a step can be taken apart
 * @property {Term[]} terms       the one that is looked at first in front
 */

/**
 * Means per image at one moment: of each term of the family that is no sum of others, and with "test_" before its name
 * of held-out images. What was not measured is null or left out.
 *
 * @typedef {{epoch: number} & Record<string, any>} Measured
 */

/**
 * @typedef {object} EpochFacts  what else the history has at an epoch's end; a branch's has no `kl_per_dim` of its
 *     parent
 * @property {number} step
 * @property {number[] | null} [kl_per_dim]  (D,)
 *
 * @typedef {Measured & EpochFacts} HistoryEntry
 */

/**
 * @typedef {object} StateFacts
 * @property {RunState} state
 * @property {string} error               why it failed, one sentence; else ""
 * @property {string} note                one sentence on what happened and is over; else ""
 * @property {number} place               in the queue, from 1; 0: it is not in it
 * @property {number | null} wait_seconds  expected wait in the queue
 * @property {string} why                 one sentence on what it waits for; else ""
 * @property {number} step
 * @property {number} epoch
 * @property {number} total_steps         0 until known
 * @property {number | null} eta_seconds   until its end
 * @property {TrainConfig} train          as it is now
 */

/**
 * @typedef {object} TimelineFacts
 * @property {Mark[]} marks
 * @property {Moment[]} keyframes
 */

/**
 * @typedef {object} ParentFacts    the run that this one branched from
 * @property {string} run
 * @property {string} title
 * @property {number} step          where the branch begins
 * @property {number} epoch
 * @property {HistoryEntry[]} history
 */

/**
 * @typedef {object} RunFacts       what stays as it is
 * @property {string} run           the run's id
 * @property {Omit<import("../latent/space.js").ModelConfig, "layers">} model
 * @property {import("../latent/space.js").NetLists} layers
 * @property {Family} family
 * @property {string} image_set
 * @property {string} title
 * @property {string[]} label_names
 * @property {string[]} factor_names
 * @property {HistoryEntry[]} history  up to now
 * @property {ParentFacts | null} parent
 * @property {number} seconds       of training
 * @property {"latent" | "pca"} plane
 *
 * @typedef {StateFacts & TimelineFacts & RunFacts} HelloFacts
 */

/**
 * @typedef {object} ProgressFacts
 * @property {number} step
 * @property {number} total_steps
 * @property {number} seconds
 * @property {number} beta               as in effect at this step
 * @property {number} learning_rate
 * @property {number[] | null} kl_per_dim  (D,) nats per image
 * @property {number | null} images_per_second
 * @property {number | null} eta_seconds
 * @property {Record<string, number>} spent  shares of the processor's time, by what they went into
 *
 * @typedef {Measured & ProgressFacts} FrameFacts
 */

/**
 * @typedef {object} WholeFacts
 * @property {number[] | null} test_kl_per_dim    (D,)
 * @property {number | null} explained_variance   share of it that the PCA's plane shows
 * @property {HistoryEntry[]} [history_tail]      entries since the last message; a keyframe has none
 *
 * @typedef {FrameFacts & WholeFacts} SnapshotFacts
 */

/** @typedef {{step: number}} WeightsFacts */

/**
 * @typedef {object} DetailFacts    of one update taken apart
 * @property {number} step          after it
 * @property {number} epoch
 * @property {number} beta
 * @property {number} learning_rate
 * @property {number} free_bits
 * @property {number} batch         images in it
 * @property {Record<string, number>} weight_change  how far each tensor moved, by name
 * @property {Array<number | string | null> | null} label  of each image
 */

/** @typedef {{kind: "hello", facts: HelloFacts, file: Safetensors}} HelloMessage  `probe.images`, `.labels`, `.factors` */
/** @typedef {{kind: "frame", facts: FrameFacts, file: Safetensors}} FrameMessage  `index` (K,), `mean` (K, D); where
 * something is pinned, `pinned.z` (N, D) and bytes, `pinned.pictures` (N, C, H, W); a snapshot may have these too */
/**
 * @typedef {{kind: "snapshot", facts: SnapshotFacts, file: Safetensors}} SnapshotMessage  `mean`, `logvar` (P, D),
 *     `pca.mean`, `pca.components`, and bytes: `originals`, `reconstructions`, `samples` (R, C, H, W)
 */
/** @typedef {{kind: "weights", facts: WeightsFacts, file: Safetensors}} WeightsMessage  `decoder.*` */
/** @typedef {{kind: "detail", facts: DetailFacts, file: Safetensors}} DetailMessage  as `StepDetail` names them */
/** @typedef {{kind: "state", facts: StateFacts, file: Safetensors}} StateMessage */
/** @typedef {{kind: "timeline", facts: TimelineFacts, file: Safetensors}} TimelineMessage */

/**
 * @typedef {HelloMessage | FrameMessage | SnapshotMessage | WeightsMessage | DetailMessage | StateMessage
 *     | TimelineMessage} Message
 */

/**
 * Read a message.
 *
 * @param {ArrayBuffer} data
 * @returns {{seq: number, message: Message}} its number, to be acknowledged, and what it says; a kind that is not
 *     known here comes from a newer server, and whoever asks for the kind passes it over
 * @throws {import("./safetensors.js").FormatError | SyntaxError}
 */
export function readMessage(data) {
  const file = new Safetensors(data);
  const { kind, seq } = file.metadata;
  const message = /** @type {Message} */ ({ kind, facts: factsOf(file), file });
  return { seq: Number(seq), message };
}

/**
 * @param {Safetensors} file  a message
 * @returns {any} its facts, as the message's kind has them
 * @throws {SyntaxError}
 */
export function factsOf(file) {
  return JSON.parse(file.metadata.json ?? "{}");
}

import type * as wire from "../wire/generated/danas/v1/telemetry.js";
import type { Word } from "../wire/words.js";

/** A lossy frame for live views (proto/danas/v1/telemetry.proto). Nothing is decided from it. */
export interface Frame extends Word<wire.Frame> {}

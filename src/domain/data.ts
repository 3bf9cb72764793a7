import type * as wire from "../wire/generated/danas/v1/data.js";
import type { Word } from "../wire/words.js";

export type { Split } from "../wire/generated/danas/v1/data.js";

/** Where the images come from, and in which order they are seen: proto/danas/v1/data.proto says what each part is. */
export interface DataSpec extends Word<wire.DataSpec> {}
export type DataSource = DataSpec["source"];
export interface StreamSpec extends Word<wire.StreamSpec> {}
export interface Augment extends Word<wire.Augment> {}
export interface DataInfo extends Word<wire.DataInfo> {}

import type { Answer, Failure } from "./signal.js";

/** Facts the search depends on, in the order they were journaled. */
export type Event =
  | { readonly type: "run-started" }
  | { readonly type: "job-finished"; readonly answer: Answer }
  | { readonly type: "job-failed"; readonly jobId: number; readonly failure: Failure };

import { failureLine } from "../domain/signal.js";
import type { SessionRecord } from "../journal/port.js";
import type { Chronicle } from "./chronicle.js";

/** said before anything else where a mock worker took part */
export const mockNotice = "MOCK RESULT: made-up numbers";

/** Where a run stands. */
export type RunStatus =
  /** nothing has happened yet */
  | { readonly kind: "new" }
  | { readonly kind: "running"; readonly doing: string }
  | { readonly kind: "interrupted"; readonly doing: string; readonly message: string }
  /** `resumable`: the cause lies outside the search (memory, disk, worker), so `danas resume` may try again */
  | {
      readonly kind: "failed";
      readonly doing: string;
      readonly message: string;
      readonly hint: string | null;
      readonly resumable: boolean;
    }
  | { readonly kind: "done" };

/** @param alive whether the last session's process still lives; undefined = taken to, unless its end was recorded */
export function statusOf(told: Chronicle, sessions: readonly SessionRecord[], alive?: boolean): RunStatus {
  if (told.result) return { kind: "done" };
  const doing = doingOf(told);
  if (told.failure) {
    const { hint } = told.failure;
    return { kind: "failed", doing, message: failureLine(told.failure), hint: hint || null, resumable: false };
  }
  const last = sessions.at(-1);
  const between = last?.outcome === "worker-lost" || last?.outcome === "went-back";
  if (between && alive === true) return { kind: "running", doing };
  if (last && last.outcome === "failed") {
    return { kind: "failed", doing, message: last.message ?? "no reason was recorded", hint: null, resumable: true };
  }
  if (last && last.outcome === "worker-lost") {
    return { kind: "interrupted", doing, message: `the worker was lost: ${last.message ?? "no reason was recorded"}` };
  }
  if (last && last.outcome !== null) {
    return { kind: "interrupted", doing, message: last.message ?? "stopped on request" };
  }
  if (alive === false) {
    if (told.entries === 0 && !last) return { kind: "new" };
    return { kind: "interrupted", doing, message: "its process ended without a word: it was killed" };
  }
  return told.entries === 0 && !last ? { kind: "new" } : { kind: "running", doing };
}

function doingOf(told: Chronicle): string {
  const { program } = told;
  if (program === "inspect") return "opening the data";
  if (program === "rank") return "ranking the classes";
  if (program === "retrain") return told.test ? "exporting the network" : "retraining the network";
  if (told.choice) return "closing the search";
  const round = told.rounds.at(-1);
  return round ? `searching, ${round.name}` : "preparing the supernet";
}

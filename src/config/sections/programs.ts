import { z } from "zod";
import type { ProgramName } from "../../domain/plan.js";
import type { Filling } from "../context.js";
import { type CompleteRanking, isGiven, isTrained } from "./ranking.js";

const allPrograms = ["rank", "search", "retrain"] as const satisfies readonly ProgramName[];

export const programsSchema = z
  .array(z.enum(allPrograms))
  .min(1)
  .max(3)
  .optional()
  .describe("What to do, in this order. Default: rank (where the ranking is trained), search, retrain.");

interface About {
  readonly ranking: CompleteRanking;
  /** whether the search asks how hard the classes are */
  readonly needed: boolean;
  /** an architecture to retrain */
  readonly given: boolean;
}

export function fillPrograms(at: Filling, programs: readonly ProgramName[] | undefined, about: About): ProgramName[] {
  const { ranking, needed, given } = about;
  if (!programs) {
    if (given) return ["retrain"];
    return allPrograms.filter((name) => name !== "rank" || isTrained(ranking));
  }
  const path = ["programs"];
  const order = programs.map((name) => allPrograms.indexOf(name));
  if (order.some((place, index) => index > 0 && place <= order[index - 1])) {
    at.problem(
      path,
      "E_PROGRAMS",
      `programs must be in the order ${allPrograms.join(", ")}, each once`,
      `write [${allPrograms.filter((name) => programs.includes(name)).join(", ")}]`,
    );
  }
  if (programs.includes("rank") && isGiven(ranking)) {
    at.problem(
      path,
      "E_PROGRAMS",
      "the ranking is given in a file, there is nothing to rank",
      "remove rank, or ranking.file",
    );
  }
  if (programs.includes("search") && needed && isTrained(ranking) && !programs.includes("rank")) {
    at.problem(
      path,
      "E_PROGRAMS",
      "the search needs a ranking, and the ranking is to be trained",
      "add rank, or name a ranking.file",
    );
  }
  if (programs.includes("retrain") && !programs.includes("search") && !given) {
    at.problem(
      path,
      "E_PROGRAMS",
      "nothing to retrain: there is no search, and no retrain.architecture",
      "add search, or name the architecture",
    );
  }
  if (programs.includes("search") && given) {
    at.problem(
      ["retrain", "architecture"],
      "E_PROGRAMS",
      "an architecture is given, and the search would find another",
      "write programs: [retrain], or remove it",
    );
  }
  return [...programs];
}

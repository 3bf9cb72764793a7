import { checkReachable } from "../cost/extremes.js";
import { architectureCost, costTable } from "../cost/table.js";
import { matchRanking } from "../curriculum/ranking.js";
import type { DataInfo } from "../domain/data.js";
import { DanasError } from "../domain/errors.js";
import type { PrepareJob } from "../domain/job.js";
import type { Plan } from "../domain/plan.js";
import type { Failure, SignalOf } from "../domain/signal.js";
import { quotedNames } from "../util/format.js";

const failure = (code: Failure["code"], message: string, hint: string): Failure => ({
  ...{ code, message, hint },
  step: null,
});

/** Does what the worker found fit what was planned? @returns null where it does */
export function checkData(plan: Plan, data: DataInfo): Failure | null {
  if (data.classes.length !== plan.data.classes) {
    return failure(
      "data",
      `the data has ${data.classes.length} classes, the plan says ${plan.data.classes}`,
      `set data.classes to ${data.classes.length}`,
    );
  }
  const searches = plan.programs.includes("rank") || plan.programs.includes("search");
  for (const split of searches ? (["train", "valid"] as const) : (["train"] as const)) {
    const counts = data.splits.find((info) => info.split === split)?.counts;
    const empty = data.classes.filter((_, index) => !(counts && counts[index] > 0));
    if (empty.length > 0) {
      return failure(
        "data",
        `no ${split} image of class ${quotedNames(empty)}`,
        split === "valid" ? "raise data.validFraction, or add images" : "add images, or remove the class's folder",
      );
    }
  }
  if (plan.programs.includes("retrain") && plan.retrain.test) {
    const counts = data.splits.find((info) => info.split === "test")?.counts ?? [];
    if (!counts.some((count) => count > 0)) {
      return failure("data", "the data has no test images", "set data.testFraction, or retrain.test to false");
    }
  }
  try {
    if (plan.ranking.source === "given") matchRanking(plan.ranking.ranking, data);
    checkReachable(costTable(plan.space), plan.budget);
  } catch (error) {
    if (!(error instanceof DanasError)) throw error;
    return failure("data", error.message, error.hint ?? "");
  }
  return null;
}

/**
 * The worker counted some paths with torch's own tools: they must agree with our closed form to the last multiply-add,
 * or every budget would be a lie. @returns null where they agree
 */
export function checkCounts(job: PrepareJob, signal: SignalOf<"prepare">): Failure | null {
  const costs = costTable(job.space);
  for (const [index, architecture] of job.checks.entries()) {
    const ours = architectureCost(costs, architecture);
    const theirs = { macs: signal.macs[index], params: signal.params[index] };
    if (ours.macs === theirs.macs && ours.params === theirs.params) continue;
    return failure(
      "cost_mismatch",
      `of path [${architecture.join(" ")}] the worker counts ${theirs.macs} MACs and ${theirs.params} parameters, ` +
        `the cost model ${ours.macs} and ${ours.params}`,
      "the worker is of another version than this danas; if they are the same, please report it",
    );
  }
  return null;
}

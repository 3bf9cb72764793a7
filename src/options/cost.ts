import { z } from "zod";
import type { CostTerm } from "../domain/plan.js";
import type { Around } from "./around.js";
import { type Amount, amount, nonNegative, readAmount, writeAmount } from "./scalars.js";

export const costHelp = "The cost in the architecture's loss.";

/** @param usual the form where there is a target and none is named */
export const costKeys = (usual: CostTerm["form"]) => ({
  form: z
    .enum(["hinge", "linear", "log-power", "none"])
    .optional()
    .describe(
      `hinge: CE / ln(classes) + lambda max(0, E/T - 1). linear: CE + lambda (E - T)/T. log-power: lambda CE (ln E / ln T)^beta. E: expected MACs, T: target. Default: ${usual}; none where there is no target.`,
    ),
  lambda: nonNegative.optional().describe("Weight of the cost. Default: 0.1; 0.2 for log-power."),
  beta: nonNegative.max(100).default(0.3).describe("Exponent of log-power."),
  targetMacs: amount.optional().describe("The MACs aimed at. Default: budget.maxMacs."),
});

export interface CompleteCost extends Omit<CostTerm, "metric" | "target"> {
  /** 1, which nothing reads, where there is neither term nor target */
  readonly targetMacs: Amount;
}

/** what a person may leave out of a cost term */
type WrittenCost = Partial<Omit<CostTerm, "metric" | "target">> &
  Pick<CostTerm, "beta"> & { readonly targetMacs?: number };

export function fillCost(written: WrittenCost, usual: CostTerm["form"], { budget, problem }: Around): CompleteCost {
  const target = written.targetMacs ?? budget.macs?.most ?? null;
  const form = written.form ?? (target === null ? "none" : usual);
  if (form !== "none" && target === null) {
    problem(
      ["search", "cost", "form"],
      "E_COST_TARGET",
      "the cost term has no target",
      "set budget.maxMacs or search.cost.targetMacs",
    );
  }
  if (form === "log-power" && target !== null && target < 3) {
    problem(
      ["search", "cost", "targetMacs"],
      "E_COST_TARGET",
      "log-power divides by ln of the target",
      "write the target with its unit, such as 300M",
    );
  }
  return {
    form,
    lambda: written.lambda ?? (form === "log-power" ? 0.2 : 0.1),
    beta: written.beta,
    targetMacs: writeAmount(target ?? 1),
  };
}

export const costTermOf = ({ form, lambda, beta, targetMacs }: CompleteCost): CostTerm => ({
  form,
  lambda,
  beta,
  metric: "macs",
  target: readAmount(targetMacs),
});

import { describe, expect, it } from "vitest";
import { architectureCost } from "../../cost/table.js";
import type { Choose, Decision } from "../../domain/decision.js";
import type { StrategyPlan } from "../../domain/plan.js";
import { strategyFor } from "../registry.js";
import { drive } from "../testing/drive.js";
import { plans } from "../testing/plans.js";
import { contextFor, tinyPlan } from "../testing/world.js";

/** about half of the tiny space's networks cost less */
const most = 200_000;

function search(plan: StrategyPlan) {
  const context = contextFor(tinyPlan(plan, { budget: { macs: { most } } }));
  const { jobs, decisions } = drive(context, strategyFor(plan));
  const choose = decisions.find((decision: Decision): decision is Choose => decision.type === "choose")!;
  return { context, choose, kinds: jobs.map(({ job }) => job.kind), jobs };
}

describe("random search", () => {
  it("compares so many different networks within the budget by their accuracy, and takes the best", () => {
    const { choose, context } = search({ ...plans.random, samples: 8 });
    expect(new Set(choose.compared.map(({ encoded }) => encoded)).size).toBe(8);
    for (const { architecture } of choose.compared) {
      expect(architectureCost(context.costs, architecture).macs).toBeLessThanOrEqual(most);
    }
    const best = Math.max(...choose.compared.map(({ validAccuracy }) => validAccuracy));
    expect(choose.compared.find(({ validAccuracy }) => validAccuracy === best)?.encoded).toBe(choose.chosen.encoded);
  });

  it("trains its supernet on paths from the whole space, those beyond the budget too", () => {
    const { jobs, context } = search(plans.random);
    const paths = jobs.flatMap(({ job }) => (job.kind === "train" ? job.steps.flatMap(({ paths }) => paths) : []));
    const beyond = paths.filter(({ architecture }) => architectureCost(context.costs, architecture).macs > most);
    expect(beyond.length).toBeGreaterThan(0);
    expect(beyond.length).toBeLessThan(paths.length);
  });

  it("without epochs trains and measures nothing: the first network drawn within the budget is taken", () => {
    const { choose, kinds } = search(plans["random, untrained"]);
    expect(kinds).toEqual([]);
    expect([choose.how, choose.compared]).toEqual(["first-drawn", []]);
    expect(choose.chosen.macs).toBeLessThanOrEqual(most);
  });
});

import { describe, expect, it } from "vitest";
import { extremes } from "../cost/extremes.js";
import type { Plan, StrategyPlan } from "../domain/plan.js";
import type { Next } from "../domain/program.js";
import { strategyFor } from "./registry.js";
import { strategyContract, violations } from "./testing/contract.js";
import { type AnyStrategy, drive } from "./testing/drive.js";
import { plans } from "./testing/plans.js";
import { contextFor, tinyPlan } from "./testing/world.js";

const contextOf = (strategy: StrategyPlan) => (changes?: Partial<Plan>) => contextFor(tinyPlan(strategy, changes));

for (const [name, plan] of Object.entries(plans)) {
  const { smallest } = extremes(contextFor(tinyPlan(plan)).costs);
  strategyContract(name, strategyFor(plan), contextOf(plan), smallest);
}

describe("the contract notices", () => {
  const context = contextFor(tinyPlan(plans["da-nas"]));
  const sound = strategyFor(plans["da-nas"]);
  const streams = sound.streams(context, plans["da-nas"]);
  const seen = (broken: AnyStrategy) => violations(context, streams, drive(context, broken));
  const changing = (change: (next: Next<unknown>) => Next<unknown>): AnyStrategy => ({
    ...sound,
    next: (...args) => change(sound.next(...args)),
  });

  it("nothing, where nothing is wrong", () => {
    expect(seen(sound)).toEqual([]);
  });

  it("a path through what was cut", () => {
    const broken = changing((next) =>
      next.kind === "issue" && next.job.kind === "train"
        ? {
            ...next,
            job: {
              ...next.job,
              steps: next.job.steps.map((step) => ({ ...step, paths: [{ architecture: [0, 0, 0, 4], weight: 1 }] })),
            },
          }
        : next,
    );
    expect(seen(broken)).toContain("a path uses what is not alive");
  });

  it("a stream that was not declared", () => {
    const broken = changing((next) =>
      next.kind === "issue" && next.job.kind === "gates" ? { ...next, job: { ...next.job, stream: "test" } } : next,
    );
    expect(seen(broken)).toContain("stream test was never declared");
  });

  it("a cut that was not told", () => {
    const broken = changing((next) =>
      next.kind === "issue" && next.job.kind === "restrict" ? { ...next, decisions: [] } : next,
    );
    expect(seen(broken)).toContain("restrict differs from what was pruned");
  });

  it("a search that chooses twice", () => {
    const broken = changing((next) =>
      next.kind === "done" ? { ...next, decisions: [...next.decisions, ...next.decisions] } : next,
    );
    expect(seen(broken)).toContain("2 networks were chosen");
  });
});

import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { architectureCost } from "../../cost/table.js";
import { withinBudget } from "../../cost/testing/within.js";
import type { Cost } from "../../domain/cost.js";
import type { StreamSpec } from "../../domain/data.js";
import { kindOf } from "../../domain/job-kinds.js";
import type { Plan } from "../../domain/plan.js";
import type { Context } from "../../domain/program.js";
import { type Alive, allAlive } from "../../domain/space.js";
import { type AnyStrategy, drive, type Search } from "./drive.js";
import { everyArchitecture } from "./world.js";

/** What engine/ relies on, whatever the method. @returns what is wrong with a finished search, in words; empty = nothing */
export function violations(context: Context, streams: readonly StreamSpec[], search: Search): string[] {
  const wrong = new Set<string>();
  let alive: Alive = allAlive(context.plan.space);
  const batches = new Map<string, number>();
  for (const decision of search.decisions) {
    if (decision.type === "prune") {
      const cut = decision.cuts.length;
      if (size(alive) - size(decision.alive) !== cut || cut === 0) wrong.add("the cuts do not explain who is alive");
      for (const { slot, candidate, survivor } of decision.cuts) {
        if (!alive[slot].includes(candidate)) wrong.add("what was cut was not alive");
        if (decision.alive[slot].includes(candidate)) wrong.add("what was cut is alive");
        if (!decision.alive[slot].includes(survivor)) wrong.add("the survivor named is not alive");
      }
      alive = decision.alive;
    }
    if (decision.type === "snapshot") {
      for (const [slot, row] of decision.probabilities.entries()) {
        const total = row.reduce((sum, p) => sum + p, 0);
        if (Math.abs(total - 1) > 1e-9) wrong.add("probabilities do not add up to 1");
        if (row.some((p, o) => p > 0 && !decision.alive[slot].includes(o)))
          wrong.add("a cut candidate has probability");
      }
    }
    if (decision.type !== "issue") continue;
    const { job } = decision;
    for (const name of kindOf(job).streams(job)) {
      if (!streams.some((stream) => stream.name === name)) wrong.add(`stream ${name} was never declared`);
    }
    for (const path of kindOf(job).paths(job)) {
      if (path.length !== alive.length) wrong.add("a path has another length than the space");
      if (path.some((candidate, slot) => !alive[slot].includes(candidate))) wrong.add("a path uses what is not alive");
    }
    if (job.kind === "restrict" && !isDeepStrictEqual(job.alive, alive))
      wrong.add("restrict differs from what was pruned");
    if (job.kind === "gates") {
      for (const { architecture, alternatives } of job.steps) {
        for (const [slot, others] of alternatives.entries()) {
          const all = [architecture[slot], ...others];
          if (new Set(all).size !== all.length) wrong.add("a gate step names a candidate twice in a slot");
          if (others.some((other) => !alive[slot].includes(other))) wrong.add("an alternative is not alive");
        }
      }
    }
    if (job.kind !== "train" && job.kind !== "gates") continue;
    if (job.steps.length === 0) wrong.add("a job has no steps");
    if (job.steps.length > context.plan.pipeline.stepsPerJob) wrong.add("a job has more than stepsPerJob steps");
    for (const { batch } of job.steps) {
      if (batch !== (batches.get(job.stream) ?? 0)) wrong.add("a batch is left out or taken twice");
      batches.set(job.stream, batch + 1);
    }
    if (job.kind === "train") {
      if (job.steps.some(({ learningRate }) => !(learningRate >= 0))) wrong.add("a learning rate is no number");
      if (job.steps.some(({ paths }) => paths.reduce((sum, { weight }) => sum + weight, 0) !== 1)) {
        wrong.add("the weights of a step's paths do not add up to 1");
      }
    }
  }
  const choices = search.decisions.filter((decision) => decision.type === "choose");
  if (choices.length !== 1) wrong.add(`${choices.length} networks were chosen`);
  if (search.decisions.at(-1)?.type !== "choose") wrong.add("it does not end with its choice");
  for (const { chosen } of choices) {
    if (chosen.architecture.some((candidate, slot) => !alive[slot].includes(candidate)))
      wrong.add("the chosen is not alive");
    if (mayCostAnything(context.plan)) continue;
    if (!withinBudget(chosen, context.plan.budget)) wrong.add("the chosen is beyond the budget");
  }
  const { progress } = search;
  for (const [index, at] of progress.entries()) {
    const before = progress[index - 1];
    if (before && at.stepsDone < before.stepsDone) wrong.add("progress goes back");
    if (before && at.alive > before.alive) wrong.add("the cut come back");
    if (at.stepsDone > at.stepsTotal) wrong.add("more steps were done than planned");
  }
  const last = progress[progress.length - 1];
  const trained = search.jobs.reduce((sum, { job }) => sum + (job.kind === "train" ? job.steps.length : 0), 0);
  if (last.stepsDone !== last.stepsTotal || trained !== last.stepsTotal)
    wrong.add("the steps planned are not those done");
  return [...wrong];
}

/** ProxylessNAS' own final choice knows no budget */
const mayCostAnything = ({ search: { strategy } }: Plan): boolean =>
  isDeepStrictEqual(strategy.final, { how: "argmax" });

const size = (alive: Alive): number => alive.reduce((sum, row) => sum + row.length, 0);

/** One suite for all methods. @param contextOf the same search under another lag, steps per job, seed or budget */
export function strategyContract(
  name: string,
  strategy: AnyStrategy,
  contextOf: (changes?: Partial<Plan>) => Context,
  smallest: Cost,
): void {
  const streamsIn = (context: Context) => strategy.streams(context, context.plan.search.strategy);
  const check = (context: Context) => violations(context, streamsIn(context), drive(context, strategy));

  describe(`${name} keeps the contract of a strategy`, () => {
    it.each([
      { lag: 0, stepsPerJob: 1 },
      { lag: 0, stepsPerJob: 5 },
      { lag: 1, stepsPerJob: 4 },
      { lag: 3, stepsPerJob: 50 },
    ])("with lag $lag and $stepsPerJob steps a job", (pipeline) => {
      expect(check(contextOf({ pipeline }))).toEqual([]);
    });

    it("under a budget that only the smallest networks meet", () => {
      const budget = { macs: { most: Math.round(1.1 * smallest.macs) } };
      expect(check(contextOf({ budget }))).toEqual([]);
    });

    it("under a budget of parameters with a window of multiply-adds", () => {
      // around one network, so that there is one: of those with fewest parameters, one amid the multiply-adds
      const { plan, costs } = contextOf();
      const networks = everyArchitecture(plan.space).map((architecture) => architectureCost(costs, architecture));
      const lean = networks.sort((a, b) => a.params - b.params).slice(0, networks.length / 4);
      const { macs, params } = lean.sort((a, b) => a.macs - b.macs)[Math.floor(lean.length / 2)];
      const budget = {
        macs: { least: Math.round(0.98 * macs), most: Math.round(1.02 * macs) },
        params: { most: params },
      };
      expect(check(contextOf({ budget }))).toEqual([]);
    });

    it("decides the same twice from one seed, and otherwise from another", () => {
      const [first, again] = [drive(contextOf(), strategy), drive(contextOf(), strategy)];
      expect(again).toEqual(first);
      expect(drive(contextOf({ seed: 8 }), strategy).decisions).not.toEqual(first.decisions);
    });

    it("keeps its whole memory in a state of plain JSON", () => {
      const viaJson = (state: unknown) => {
        const there = JSON.parse(JSON.stringify(state));
        expect(isDeepStrictEqual(there, state)).toBe(true);
        return there;
      };
      const search = drive(contextOf(), strategy, { between: viaJson });
      expect(search.decisions).toEqual(drive(contextOf(), strategy).decisions);
      expect(isDeepStrictEqual(JSON.parse(JSON.stringify(search.decisions)), search.decisions)).toBe(true);
    });

    it("lets no state be changed behind the engine's back", () => {
      const search = drive(contextOf(), strategy, { between: deepFreeze });
      expect(search.decisions).toEqual(drive(contextOf(), strategy).decisions);
    });

    it("uses the number of jobs in flight for nothing but to wait", () => {
      const context = contextOf({ pipeline: { lag: 3, stepsPerJob: 4 } });
      drive(context, strategy, {
        onAsk: (state, next, inFlight) => {
          const ask = (count: number) => strategy.next(context, context.plan.search.strategy, state, count);
          expect(isDeepStrictEqual(ask(inFlight), next)).toBe(true);
          if (inFlight > 0) expect(isDeepStrictEqual(ask(inFlight + 1), next)).toBe(true);
          if (next.kind === "issue") expect(isDeepStrictEqual(ask(0), next)).toBe(true);
        },
      });
    });
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

import { describe, expect, it } from "vitest";
import type { Decision } from "../../domain/decision.js";
import type { StrategyPlan } from "../../domain/plan.js";
import { singlePathSpace } from "../../spaces/singleton.js";
import { strategyFor } from "../registry.js";
import { violations } from "../testing/contract.js";
import { drive } from "../testing/drive.js";
import { answerIn, contextFor, tinyPlan } from "../testing/world.js";
import { ddpnas } from "./ddpnas.js";

const plan = { name: "ddpnas", passes: 3, epochsPerPath: 0.25, momentum: 0.5, sharpness: 100 } as const;
const search = (of: StrategyPlan = plan) => drive(contextFor(tinyPlan(of)), strategyFor(of));

describe("DDPNAS", () => {
  it("trains S (K + (K-1) + ... + 2) paths, each for its share of an epoch", () => {
    // K = 5, S = 3: 3 x (5 + 4 + 3 + 2) = 42 paths; and one evaluation more, of the last network left
    const { jobs } = search();
    const evaluations = jobs.filter(({ job }) => job.kind === "evaluate");
    expect(evaluations).toHaveLength(42 + 1);
    const steps = jobs.reduce((sum, { job }) => sum + (job.kind === "train" ? job.steps.length : 0), 0);
    // 6 classes x 32 images / 8 a batch = 24 steps an epoch, a quarter of it 6
    expect(steps).toBe(42 * 6);
  });

  it("visits every alive candidate of every slot in each pass, exactly once where slots are equally wide", () => {
    const { jobs } = search();
    const paths = jobs.flatMap(({ job }) => (job.kind === "evaluate" ? job.architectures : []));
    for (const pass of [0, 1, 2]) {
      const visited = paths.slice(5 * pass, 5 * pass + 5);
      for (const slot of [0, 1, 3]) expect(visited.map((path) => path[slot]).sort()).toEqual([0, 1, 2, 3, 4]);
      // the third slot has four candidates: one is visited again
      expect(new Set(visited.map((path) => path[2]))).toEqual(new Set([0, 1, 2, 3]));
    }
    expect(paths.slice(0, 5)).not.toEqual(paths.slice(5, 10));
  });

  it("cuts one candidate of each slot at a time, down to one, and chooses what is left", () => {
    const { decisions } = search();
    const prunes = decisions.filter((decision) => decision.type === "prune");
    // the slot of four waits with its last while the others go from two to one
    expect(prunes.map(({ cuts }) => cuts.length)).toEqual([4, 4, 4, 3]);
    const choose = decisions.at(-1) as Extract<Decision, { type: "choose" }>;
    expect(choose.chosen.architecture).toEqual(prunes[3].alive.map(([only]) => only));
  });

  it("scores by theta = mean over passes of softmax(100 a) + theta / 2", () => {
    const { decisions, jobs } = search();
    const first = decisions.find((decision) => decision.type === "prune");
    const measured = jobs
      .filter(({ job }) => job.kind === "evaluate")
      .slice(0, 15)
      .map((numbered) => {
        const signal = answerIn(numbered);
        if (numbered.job.kind !== "evaluate" || signal.kind !== "evaluate") throw new Error("not evaluated");
        return { path: numbered.job.architectures[0], accuracy: signal.results[0].accuracy };
      });
    // written out from METHODS 3, for the first slot
    let e = [0, 0, 0, 0, 0];
    for (const pass of [0, 1, 2]) {
      const a = [0, 1, 2, 3, 4].map(
        (o) => measured.slice(5 * pass, 5 * pass + 5).find(({ path }) => path[0] === o)?.accuracy ?? Number.NaN,
      );
      const total = a.reduce((sum, x) => sum + Math.exp(100 * x), 0);
      e = e.map((sum, o) => sum + Math.exp(100 * a[o]) / total / 3);
    }
    const theta = e.map((x) => x + 0.5 * 0.2);
    const lowest = theta.indexOf(Math.min(...theta));
    expect(first?.cuts[0].candidate).toBe(lowest);
    expect(first?.cuts[0].probability).toBeCloseTo(theta[lowest], 10);
  });

  it("numbers its batches and learning rates through, whatever was cut in between", () => {
    const { jobs } = search();
    const steps = jobs.flatMap(({ job }) => (job.kind === "train" ? job.steps : []));
    expect(steps.map(({ batch }) => batch)).toEqual(steps.map((_, index) => index));
    for (const [index, { learningRate }] of steps.entries()) {
      expect(learningRate).toBeCloseTo(0.025 * (1 + Math.cos((Math.PI * index) / steps.length)), 12);
    }
  });

  it("has nothing to train where each slot has one candidate", () => {
    const tiny = tinyPlan(plan);
    const context = contextFor({ ...tiny, space: singlePathSpace(tiny.space, [1, 2, 3, 1]) });
    const search = drive(context, ddpnas.strategy);
    expect(search.jobs.map(({ job }) => job)).toMatchObject([{ kind: "evaluate", architectures: [[0, 0, 0, 0]] }]);
    const streams = ddpnas.strategy.streams(context, plan);
    expect(violations(context, streams, search)).toEqual([]);
  });
});

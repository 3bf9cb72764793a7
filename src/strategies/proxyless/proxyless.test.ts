import { expect, it } from "vitest";
import { strategyFor } from "../registry.js";
import { drive } from "../testing/drive.js";
import { plans } from "../testing/plans.js";
import { contextFor, tinyPlan } from "../testing/world.js";

it("ProxylessNAS' warm-up has a learning rate of its own", () => {
  const warmupLearningRate = { shape: "linear", from: 1, to: 0, warmupEpochs: 0, cycles: 1 } as const;
  const plan = { ...plans.proxyless, warmupLearningRate };
  const { jobs } = drive(contextFor(tinyPlan(plan)), strategyFor(plan));
  const rates = (name: string) =>
    jobs.flatMap(({ job }) =>
      job.kind === "train" && job.stream === name ? job.steps.map((step) => step.learningRate) : [],
    );
  expect(rates("train-0")[0]).toBe(1);
  expect(rates("train-0")[24]).toBeCloseTo(0.5, 12);
  expect(rates("train-1")[0]).toBe(0.05);
});

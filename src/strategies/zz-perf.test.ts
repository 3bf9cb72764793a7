import { it } from "vitest";
import { costTable } from "../cost/table.js";
import { builtinSpace } from "../spaces/builtins.js";
import { initialState } from "../search/state.js";
import { step } from "../search/step.js";
import type { Event } from "../domain/event.js";
import { plans } from "./testing/plans.js";
import { accuracyOf, contextFor, tinyPlan } from "./testing/world.js";
import { strategyFor } from "./registry.js";
import { drive } from "./testing/drive.js";

it("perf", () => {
  const input = { channels: 3, height: 224, width: 224 };
  for (const mode of ["full", "two-path"] as const) {
  const base = tinyPlan({ ...plans["da-nas"], rounds: plans["da-nas"].rounds.map((r, i) => ({ ...r, gateMode: mode, epochs: [10, 20, 20][i], classes: [100,300,1000][i] })), gate: { ...plans["da-nas"].gate, every: 5 } } as never);
  const classes = Array.from({ length: 1000 }, (_, i) => `c${i}`);
  const data = { classes, input, splits: (["train", "valid"] as const).map((split) => ({ split, counts: classes.map(() => 60), hash: "" })), fingerprint: "tiny" };
  const ranking = { ...base.ranking, ranking: { fingerprint: "tiny", version: 1, classes: classes.map((name) => ({ name, curves: [], scores: {} })) } };
  const plan = { ...base, space: builtinSpace("danas-mobile", input, 1000), data: { ...base.data, classes: 1000 }, ranking, pipeline: { lag: 1, stepsPerJob: 10 } } as never as typeof base;
  const costs = costTable(plan.space);
  const gradients = costs.slots.map((r) => r.map(() => Math.random() - 0.5));
  let state: any = initialState; let jobs = 0;
  const t = { totalMs: 0, dataMs: 0, computeMs: 0, waitMs: 0 };
  const queue: any[] = [];
  let event: Event = { type: "run-started" };
  const t0 = performance.now();
  while (jobs < 40000) {
    const out = step(plan, state, event); state = out.state;
    if (state.phase === "failed") throw new Error(JSON.stringify(state.failure));
    for (const d of out.decisions) if (d.type === "issue") queue.push(d);
    const j = queue.shift(); if (!j) break; jobs++;
    const job = j.job;
    const signal: any = job.kind === "inspect" ? { kind: "inspect", data } : job.kind === "prepare" ? { kind: "prepare", macs: job.checks.map((a: number[]) => costs.fixed.macs + a.reduce((s, o, l) => s + costs.slots[l][o].macs, 0)), params: job.checks.map((a: number[]) => costs.fixed.params + a.reduce((s, o, l) => s + costs.slots[l][o].params, 0)) }
      : job.kind === "train" ? { kind: "train", losses: job.steps.map(() => 1), accuracies: job.steps.map(() => 0.5), samples: 80 }
      : job.kind === "gates" ? { kind: "gates", steps: job.steps.map((s: any) => ({ loss: 1, accuracy: 0.5, gradients: s.architecture.map((a: number, l: number) => [a, ...s.alternatives[l]].map((o) => gradients[l][o])) })) }
      : job.kind === "restrict" ? { kind: "restrict", bytesFreed: 0, parametersLeft: 0 } : { kind: "evaluate", results: [{ loss: 1, accuracy: 0.5, perClass: [], samples: 1 }] };
    event = { type: "job-finished", answer: { jobId: j.id, signal, timing: t } };
  }
  const ms = performance.now() - t0;
  console.log(mode, "jobs", jobs, "ms", ms.toFixed(0), "per 100k", ((ms / jobs) * 1e5).toFixed(0), "stateBytes", JSON.stringify(state).length);
  }
  for (const [name, p] of Object.entries({ ...plans, ddpnas: { ...plans.ddpnas, passes: 12 }, random: { ...plans.random, samples: 500 } })) {
    const acc = Array.from({ length: 12 }, (_, seed) => { const d: any = drive(contextFor(tinyPlan(p as never, { seed: 100 + seed })), strategyFor(p as never)).decisions.at(-1); return accuracyOf(d.chosen.architecture).toFixed(3); });
    console.log(name, acc.join(" "));
  }
}, 60000);

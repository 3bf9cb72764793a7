import { gateStream, searchRng } from "../course/streams.js";
import { type Parameters, softmax } from "../distributions/softmax.js";
import { drawnPaths, type Estimator } from "./estimator.js";
import { drawGates, type GateRules, gateUpdate } from "./gate-update.js";

/** ProxylessNAS' step: weights on paths ~ softmax(alpha); every so often a gate step on a validation batch moves alpha [C]. */
export function gates(rules: Omit<GateRules, "classes" | "table">): Estimator<Parameters, null> {
  const { mode, options } = rules;
  return {
    begin: () => null,
    paths: (at, step, count) => drawnPaths(at, softmax.of(at.parameters, at.alive), step, count),
    questions: {
      streams: (plan, round) => [gateStream(plan, streamOf(round), round.classes, options.batchSize)],
      every: options.every,
      together: true,
      ask({ context: { plan }, round, alive, parameters }, from, to) {
        const { marginals } = softmax.of(parameters, alive);
        const draws = searchRng(plan).fork("gates").fork(round.index);
        return {
          kind: "gates",
          stream: streamOf(round),
          steps: Array.from({ length: to - from }, (_, index) =>
            drawGates(draws.fork(from + index), marginals, alive, mode, from + index),
          ),
        };
      },
      learn({ context, round, alive, parameters, memory }, job, signal) {
        if (job.kind !== "gates" || signal.kind !== "gates") throw new Error(`no gate step: ${job.kind}`);
        const here = { ...rules, classes: round.classes.length, table: context.costs };
        return { parameters: gateUpdate(here, parameters, alive, job.steps, signal.steps), memory, decisions: [] };
      },
    },
  };
}

const streamOf = ({ index }: { readonly index: number }): string => `gates-${index}`;

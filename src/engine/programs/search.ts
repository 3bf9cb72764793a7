import { extremes } from "../../cost/extremes.js";
import type { Choose, Decision } from "../../domain/decision.js";
import type { PrepareJob } from "../../domain/job.js";
import type { StrategyPlan } from "../../domain/plan.js";
import type { Context, Found, Program, Strategy } from "../../domain/program.js";
import type { Architecture } from "../../domain/space.js";
import { strategyFor } from "../../strategies/registry.js";
import { rng } from "../../util/rng.js";
import { prepareJob } from "./training.js";

/** Prepares the supernet, then leaves every job to the strategy. */
export interface SearchState {
  readonly prepared: "no" | "issued";
  readonly strategy: unknown;
}

/** paths counted by the worker's own tools: the extremes, and some drawn at random */
const drawnChecks = 3;

export const search: Program<SearchState> = {
  begin: (context) => ({ prepared: "no", strategy: strategyOf(context).begin(context, optionsOf(context)) }),

  next(context, state, inFlight) {
    if (state.prepared === "no") {
      return { kind: "issue", job: prepareSupernet(context), state: { ...state, prepared: "issued" }, decisions: [] };
    }
    const next = strategyOf(context).next(context, optionsOf(context), state.strategy, inFlight);
    if (next.kind === "wait") return next;
    const wrapped = { ...next, state: { ...state, strategy: next.state } };
    return next.kind === "done" ? { ...wrapped, found: { ...foundIn(next.decisions), ...next.found } } : wrapped;
  },

  learn(context, state, job, answer) {
    if (job.job.kind === "prepare") return { state, decisions: [] };
    const learned = strategyOf(context).learn(context, optionsOf(context), state.strategy, job, answer);
    return { state: { ...state, strategy: learned.state }, decisions: learned.decisions };
  },

  progress: (context, state) => strategyOf(context).progress(context, optionsOf(context), state.strategy),
};

const strategyOf = ({ plan }: Context): Strategy<StrategyPlan, unknown> => strategyFor(plan.search.strategy);
const optionsOf = ({ plan }: Context) => plan.search.strategy;

function foundIn(decisions: readonly Decision[]): Found {
  const choose = decisions.findLast((decision): decision is Choose => decision.type === "choose");
  if (!choose) throw new Error("the strategy ended without choosing");
  const measured = choose.compared.find(({ encoded }) => encoded === choose.chosen.encoded);
  return { chosen: choose.chosen, ...(measured && { validAccuracy: measured.validAccuracy }) };
}

function prepareSupernet(context: Context): PrepareJob {
  const { plan, costs } = context;
  const { smallest, largest } = extremes(costs);
  const draw = rng(plan.seed).fork("search").fork("checks");
  const drawn = Array.from(
    { length: drawnChecks },
    (_, index): Architecture =>
      plan.space.slots.map((slot, at) => draw.fork(index).fork(at).int(slot.candidates.length)),
  );
  return prepareJob(plan, "search", {
    ...{ space: plan.space, streams: strategyOf(context).streams(context, optionsOf(context)) },
    recipe: plan.search.recipe,
    checks: [smallest.architecture, largest.architecture, ...drawn],
  });
}

import { firstClasses, orderOf } from "../../curriculum/subsets.js";
import type { Context } from "../../domain/program.js";
import { pruneQuota } from "../../schedule/quota.js";
import { chooserOf } from "../choosers/choosers.js";
import { searchRng } from "../course/streams.js";
import { type Parameters, softmax } from "../distributions/softmax.js";
import { uniformPaths } from "../estimators/estimator.js";
import { gates } from "../estimators/gates.js";
import { machine } from "../machine.js";
import { method } from "../method.js";
import type { Parts } from "../rig.js";
import { type DaNasOptions, fill, name, needsRanking, plan, schema, starter } from "./options.js";

/**
 * DA-NAS: data-adapted pruning for efficient neural architecture search (Dai et al., arXiv 2003.12563).
 *
 * How fast a block learns depends on how hard the classes are, so weak blocks can be trimmed early on the easy classes
 * alone, and the survivors be searched on more and more of the data until it is whole [P].
 *
 *   1. rank the classes from easy to hard (curriculum/)
 *   2. warm up the supernet on the easiest n0 classes, paths uniform                              [S; which n0: O]
 *   3. for n1 < n2 < ... all: search on the n_r easiest, weights and gates by turns (ProxylessNAS) [S; the step: C]
 *      then cut floor(ratio x alive) of each slot's candidates, the least probable                [S ratio; rest O]
 *   4. the most likely network within the budget, or the best of some drawn                       [O]
 *
 * Weights, architecture parameters and both optimizers carry over from round to round. The learning rate is one schedule
 * over all rounds' steps. Controls are options: another order, all classes in every round, a pruning ratio of 0.
 */
export const daNas = method({
  name,
  title: "DA-NAS",
  line: "DA-NAS: prune block by block while the data grows from easy classes to all.",
  starter,
  schema,
  fill,
  plan,
  needsRanking,
  rounds: ({ rounds }) => rounds,
  strategy: machine(curriculum),
});

function curriculum(context: Context, options: DaNasOptions): Parts<Parameters, null> {
  const order = classOrder(context, options);
  const { gate, cost, final } = options;
  return {
    family: softmax,
    rounds: options.rounds.map(({ name, epochs, classes, prune, gates: moves, gateMode: mode, cost: costActs }) => ({
      name,
      epochs,
      classes: firstClasses(order, classes),
      scope: "all",
      estimator: moves ? gates({ mode, options: gate, term: cost, costActs }) : uniformPaths(),
      quota: (alive) => pruneQuota(alive, prune),
    })),
    streaming: "stream-per-round",
    chooser: chooserOf(final),
  };
}

function classOrder({ plan, data, ranking }: Context, { order, rounds }: DaNasOptions): readonly string[] {
  // the control without a curriculum needs no ranking: in whichever order, all classes are in
  const everything = rounds.every(({ classes }) => classes >= data.classes.length);
  if (everything && ranking === null) return data.classes;
  return orderOf(ranking, data, order, searchRng(plan).fork("class-order"));
}

import { imagesIn } from "../../curriculum/subsets.js";
import type { Context } from "../../domain/program.js";
import { stepsPerEpoch } from "../../schedule/epochs.js";
import { lastLeft } from "../choosers/choosers.js";
import type { Rows } from "../distributions/rows.js";
import { weights } from "../distributions/weights.js";
import { passesOfPaths, type Visits, widest } from "../estimators/passes.js";
import { machine } from "../machine.js";
import { method } from "../method.js";
import type { Parts } from "../rig.js";
import { type DdpnasOptions, fill, name, plan, schema } from "./options.js";

/**
 * DDPNAS: dynamic distribution pruning for efficient network architecture search (Zheng et al., arXiv 1905.13543), after
 * the authors' early code [C]:
 *
 *   theta[l] uniform. Until one candidate per slot is left (a *cycle* each):
 *     S passes; a pass visits every alive candidate of every slot exactly once, in random order, independently per slot:
 *       train the shared weights on the path so drawn for an epoch; a = its validation accuracy
 *     e = mean over passes of softmax_o(sharpness a)
 *     theta = e + momentum theta
 *     cut argmin theta in every slot
 *
 * With K candidates a slot that is S (K + (K-1) + ... + 2) paths. theta is not normalised: only its order within a slot
 * counts; what is shown as probabilities is theta over its sum.
 *
 * Ours [O]: slots need not be equally wide (a slot that changes resolution has no skip). A pass is as long as the widest
 * slot; a narrower one goes round again in a fresh order, and of a candidate visited more than once in a pass the mean
 * accuracy counts. A slot down to one candidate waits for the others. There is no cost in the distribution; where a budget
 * is set, cutWeakest keeps a network within it. The last network left is measured once, for the report.
 */
export const ddpnas = method({
  name,
  title: "DDPNAS",
  line: "DDPNAS: dynamic distribution pruning.",
  schema,
  fill,
  plan,
  needsRanking: () => false,
  strategy: machine(cycles),
});

function cycles({ plan, data, costs }: Context, options: DdpnasOptions): Parts<Rows, Visits> {
  const { passes, epochsPerPath, sharpness, momentum } = options;
  const perEpoch = stepsPerEpoch(imagesIn(data, "train"), plan.search.recipe.batchSize);
  const stepsPerPath = Math.max(1, Math.round(epochsPerPath * perEpoch));
  const count = widest(costs.slots) - 1;
  return {
    family: weights,
    // each cycle is one candidate a slot shorter than the last
    rounds: Array.from({ length: count }, (_, cycle) => ({
      name: `${count + 1 - cycle} candidates a slot`,
      label: `cut ${cycle + 1} of ${count}`,
      epochs: (passes * (count + 1 - cycle) * stepsPerPath) / perEpoch,
      classes: data.classes,
      scope: "all",
      estimator: passesOfPaths({ passes, stepsPerPath, sharpness, momentum }),
      quota: (alive) => (alive > 1 ? 1 : 0),
    })),
    streaming: "one-stream",
    chooser: lastLeft,
  };
}

import type { Context } from "../../domain/program.js";
import { chooserOf } from "../choosers/choosers.js";
import { type Parameters, softmax } from "../distributions/softmax.js";
import { uniformPaths } from "../estimators/estimator.js";
import { gates } from "../estimators/gates.js";
import { machine } from "../machine.js";
import { method } from "../method.js";
import type { Parts } from "../rig.js";
import { fill, name, type ProxylessOptions, plan, schema } from "./options.js";

/**
 * ProxylessNAS: direct neural architecture search on target task and hardware (Cai et al., arXiv 1812.00332), as its
 * published code does it [C]: a uniform warm-up of the weights with a learning rate of its own, then weights and gates by
 * turns on all classes, without pruning; at the end the most likely candidate of every slot, whatever it costs.
 *
 * Ours [O]: the same final choices as DA-NAS' may be taken instead, so that both can be compared under one budget. Gate
 * steps count over the whole search, not from each epoch's start, so that short epochs get theirs too.
 */
export const proxyless = method({
  name,
  title: "ProxylessNAS",
  line: "ProxylessNAS: gradient-based, on all classes, without pruning.",
  schema,
  fill,
  plan,
  needsRanking: () => false,
  strategy: machine(warmUpThenSearch),
});

function warmUpThenSearch({ data }: Context, options: ProxylessOptions): Parts<Parameters, null> {
  const { warmupEpochs, warmupLearningRate, epochs, gateMode: mode, gate, cost, final } = options;
  const whole = { classes: data.classes, scope: "all", quota: () => 0 } as const;
  const warmup = {
    ...whole,
    name: "warm-up",
    epochs: warmupEpochs,
    ownLearningRate: warmupLearningRate,
    estimator: uniformPaths<Parameters>(),
  };
  const search = {
    ...whole,
    name: "search",
    epochs,
    estimator: gates({ mode, options: gate, term: cost, costActs: true }),
  };
  return {
    family: softmax,
    rounds: warmupEpochs > 0 ? [warmup, search] : [search],
    streaming: "stream-per-round",
    chooser: chooserOf(final),
  };
}

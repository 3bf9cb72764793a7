import type { Context } from "../../domain/program.js";
import type { CourseOutline } from "../course/course.js";
import { roundsStrategy } from "../machine.js";
import { method } from "../method.js";
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
  strategy: roundsStrategy(warmUpThenSearch),
});

function warmUpThenSearch({ data }: Context, options: ProxylessOptions): CourseOutline {
  const { warmupEpochs, warmupLearningRate, epochs, gateMode, gate, cost, final } = options;
  const whole = { classes: data.classes, prune: 0, gateMode };
  const warmup = {
    ...whole,
    name: "warm-up",
    epochs: warmupEpochs,
    gates: false,
    cost: false,
    ownLearningRate: warmupLearningRate,
  };
  const search = { ...whole, name: "search", epochs, gates: true, cost: true };
  return { rounds: warmupEpochs > 0 ? [warmup, search] : [search], gate, cost, final, how: final.how };
}

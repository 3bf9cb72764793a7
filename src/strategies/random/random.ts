import type { Context } from "../../domain/program.js";
import { bestOfRandom, firstDrawn } from "../choosers/choosers.js";
import { type Parameters, softmax } from "../distributions/softmax.js";
import { uniformPaths } from "../estimators/estimator.js";
import { machine } from "../machine.js";
import { method } from "../method.js";
import type { Parts } from "../rig.js";
import { fill, name, plan, type RandomOptions, schema } from "./options.js";

/**
 * Random search under the budget, the baseline that every search must beat: networks drawn uniformly from those within
 * the budget. With `epochs` > 0 a supernet is trained first on paths drawn uniformly from the whole space (single path
 * one-shot, Guo et al., arXiv 1904.00420), and the drawn networks are compared by their validation accuracy in it. With
 * 0 nothing is trained and the first drawn is taken.
 */
export const random = method({
  name,
  title: "Random search",
  line: "Random search under the budget: the baseline of every comparison.",
  schema,
  fill,
  plan,
  needsRanking: () => false,
  strategy: machine(trainThenCompare),
});

function trainThenCompare({ data }: Context, { samples, epochs }: RandomOptions): Parts<Parameters, null> {
  const supernet = {
    name: "supernet",
    epochs,
    classes: data.classes,
    scope: "all",
    estimator: uniformPaths<Parameters>(),
    quota: () => 0,
  } as const;
  return {
    family: softmax,
    rounds: epochs > 0 ? [supernet] : [],
    streaming: "stream-per-round",
    chooser: epochs > 0 ? bestOfRandom(samples) : firstDrawn,
  };
}

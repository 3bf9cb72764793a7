import type { Context } from "../../domain/program.js";
import { type CourseOutline, noCost } from "../course/course.js";
import { roundsStrategy } from "../machine.js";
import { method } from "../method.js";
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
  strategy: roundsStrategy(trainThenCompare),
});

function trainThenCompare({ data }: Context, { samples, epochs }: RandomOptions): CourseOutline {
  const supernet = {
    name: "supernet",
    epochs,
    classes: data.classes,
    prune: 0,
    gates: false,
    gateMode: "two-path",
    cost: false,
  } as const;
  return {
    rounds: epochs > 0 ? [supernet] : [],
    gate: null,
    cost: noCost,
    final: { how: "at-random", samples: epochs > 0 ? samples : 1, measured: epochs > 0 },
    how: epochs > 0 ? "best-of-random" : "first-drawn",
  };
}

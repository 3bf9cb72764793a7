import { assertNever } from "../../domain/errors.js";
import type { Context } from "../../domain/program.js";
import type { Architecture } from "../../domain/space.js";
import type { FinalChoice } from "../../options/final.js";
import { searchRng } from "../course/streams.js";
import type { Distribution } from "../distributions/distribution.js";
import { budgetUnreachable } from "../prune.js";
import type { Chooser, howWords } from "./choice.js";

/** The ways to choose that a config can name. */
export function chooserOf(final: FinalChoice | { readonly how: "argmax" }): Chooser {
  switch (final.how) {
    case "most-likely":
      return mostLikely;
    case "argmax":
      return argmax;
    case "best-of-sampled":
      return ofAll("best-of-sampled", true, (context, distribution) =>
        drawDistinct(context, distribution, final.samples).map(known(distribution)),
      );
    default:
      return assertNever(final);
  }
}

/** all nominees at once */
const ofAll = (how: keyof typeof howWords, measured: boolean, nominees: Chooser["nominate"]): Chooser => ({
  how,
  measured,
  nominate: (context, distribution, soFar) => (soFar.networks.length > 0 ? [] : nominees(context, distribution, soFar)),
});

const known = (distribution: Distribution) => (architecture: Architecture) => ({
  architecture,
  logProbability: distribution.logProbability(architecture),
});

const unknown = (architecture: Architecture) => ({ architecture, logProbability: null });

/** the most likely network within the budget, exactly */
const mostLikely = ofAll("most-likely", true, (context, distribution) => [
  known(distribution)(likeliest(context, distribution)),
]);

/** the most likely candidate per slot, whatever the network costs */
const argmax = ofAll("argmax", true, (_, distribution) => [known(distribution)(distribution.mode())]);

/** what the cuts have left */
export const lastLeft = ofAll("last-left", true, (_, { alive }) => [unknown(alive.map(([only]) => only))]);

/** the best of so many drawn, of a distribution that says nothing of how good they are */
export const bestOfRandom = (samples: number): Chooser =>
  ofAll("best-of-random", true, (context, distribution) => drawDistinct(context, distribution, samples).map(unknown));

export const firstDrawn = ofAll("first-drawn", false, (context, distribution) =>
  drawDistinct(context, distribution, 1).map(unknown),
);

function likeliest({ costs, plan }: Context, distribution: Distribution): Architecture {
  const best = distribution.likeliest(costs, plan.budget, distribution.alive);
  if (best === null) throw budgetUnreachable();
  return best.architecture;
}

/** before we take it that there are no more others */
const drawsPerNetwork = 20;

/**
 * So many different networks within the budget, fewer where there are not as many. Where none that could be drawn is
 * within it, the most likely one that is. @throws DanasError E_BUDGET_UNREACHABLE where there is none at all
 */
function drawDistinct(context: Context, distribution: Distribution, count: number): Architecture[] {
  const { costs, plan } = context;
  const draws = searchRng(plan).fork("draw");
  const drawn = new Map<string, Architecture>();
  for (let attempt = 0; attempt < drawsPerNetwork * count && drawn.size < count; attempt++) {
    const architecture = distribution.drawWithin(draws.fork(attempt), costs, plan.budget);
    if (architecture === null) break;
    drawn.set(architecture.join(" "), architecture);
  }
  return drawn.size > 0 ? [...drawn.values()] : [likeliest(context, distribution)];
}

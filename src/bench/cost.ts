import { mostLikelyWithin } from "../cost/best.js";
import { architectureCost, costTable } from "../cost/table.js";
import { type Architecture, allAlive, type Space } from "../domain/space.js";
import { builtinSpace, builtinSpaces } from "../spaces/builtins.js";
import { rng } from "../util/rng.js";
import { type BenchResult, caseOf, environment, timed } from "./harness.js";

const architectures = 200_000;

/** Pricing architectures of danas-mobile, and the exact best of its 5 x 10^26 under a budget. */
export async function benchCost(): Promise<BenchResult> {
  const space = builtinSpace("danas-mobile", builtinSpaces["danas-mobile"].input, 1000);
  const table = costTable(space);
  const drawn = drawArchitectures(space);
  let sum = 0;
  const pricing = timed(
    () => {
      for (const architecture of drawn) sum += architectureCost(table, architecture).macs;
    },
    { warmups: 3, repeats: 15 },
  );
  if (!(sum > 0)) throw new Error("nothing was priced"); // also keeps the loop from being optimised away

  const alive = allAlive(space);
  const budget = { maxMacs: 300e6, minMacs: null, maxParams: null };
  const distributions = Array.from({ length: 20 }, (_, index) => drawDistribution(space, index));
  const best = timed((repeat) => mostLikelyWithin(table, distributions[repeat % 20], alive, budget), {
    warmups: 5,
    repeats: 20,
  });
  return {
    name: "cost",
    ...environment(),
    cases: [
      caseOf(
        "price danas-mobile",
        "architectures/s",
        pricing.map((ms) => (1000 * architectures) / ms),
      ),
      caseOf("exact best under 300M, 21 x 19, 20 random distributions", "ms", best),
    ],
  };
}

function drawArchitectures(space: Space): Architecture[] {
  const draw = rng(1).fork("bench").fork("cost");
  return Array.from({ length: architectures }, () => space.slots.map(({ candidates }) => draw.int(candidates.length)));
}

/** log-probabilities of a softmax over standard normal logits */
function drawDistribution(space: Space, index: number): number[][] {
  const draw = rng(2).fork("bench").fork(index);
  return space.slots.map(({ candidates }) => {
    const logits = candidates.map(() => draw.normal());
    const log = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return logits.map((logit) => logit - log);
  });
}

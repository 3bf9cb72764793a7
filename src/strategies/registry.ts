import type { StrategyName, StrategyPlan } from "../domain/plan.js";
import type { Strategy } from "../domain/program.js";
import { daNas } from "./da-nas/da-nas.js";
import { ddpnas } from "./ddpnas/ddpnas.js";
import { proxyless } from "./proxyless/proxyless.js";
import { random } from "./random/random.js";

const strategies: { readonly [N in StrategyName]: { readonly name: N } } = {
  "da-nas": daNas,
  proxyless,
  ddpnas,
  random,
};

export const strategyNames = Object.keys(strategies) as readonly StrategyName[];

/** The method that a plan names. Its options and state are its own: callers carry both unread. */
export const strategyFor = (plan: StrategyPlan): Strategy<StrategyName, unknown> =>
  strategies[plan.name] as Strategy<StrategyName, unknown>;

import { z } from "zod";
import type { StrategyPlan } from "../domain/plan.js";
import type { Strategy } from "../domain/program.js";
import { daNas } from "./da-nas/da-nas.js";
import { ddpnas } from "./ddpnas/ddpnas.js";
import type { AnyMethod } from "./method.js";
import { proxyless } from "./proxyless/proxyless.js";
import { random } from "./random/random.js";

/** Every method; the first is meant where none is named, and is what `danas init` proposes. */
export const methods: readonly [AnyMethod, ...AnyMethod[]] = [daNas, proxyless, ddpnas, random];

/** @throws where there is none: configs are checked, so the plan is of another version of danas */
export function methodNamed(name: string): AnyMethod {
  const method = methods.find((one) => one.name === name);
  if (!method) throw new Error(`there is no method ${name}`);
  return method;
}

/** of the method that a plan names */
export const strategyFor = ({ name }: StrategyPlan): Strategy<StrategyPlan, unknown> => methodNamed(name).strategy;

const [first, ...others] = methods.map(({ schema, line }) => schema.describe(line));

/** the section `search` of a config */
export const searchSchema = z
  .discriminatedUnion("strategy", [first, ...others])
  .prefault({})
  .describe("The search method and how the supernet is trained.");

import type { z } from "zod";
import type { StrategyPlan } from "../domain/plan.js";
import type { Strategy } from "../domain/program.js";
import type { Around } from "../options/around.js";
import type { CompleteSearching, WrittenSearching } from "../options/searching.js";

/**
 * A search method, whole: what a person may write for it, how that becomes its plan, and its steps. Everything else in
 * danas knows a method by this and by its line in the registry.
 *
 * Written: the schema's output, what the person wrote with the defaults that stand in the schema. Complete: every value
 * said, those that follow from the rest of the config too, in the config's own words. Options: what the plan carries.
 */
export interface Method<
  Written extends WrittenSearching & Named,
  Complete extends CompleteSearching & Named,
  Options extends StrategyPlan,
  State,
> {
  /** as a config names it */
  readonly name: string;
  /** as its authors name it */
  readonly title: string;
  /** one sentence for people */
  readonly line: string;
  /** its own lines in the section `search` that `danas init` writes, where that proposes it */
  readonly starter?: readonly string[];
  /** a strictObject with `strategy: z.literal(name)`, own options and `searching` */
  readonly schema: z.ZodObject & z.ZodType<Written>;
  /** The schema reads the result to what fills to the same again. What is wrong is told by `around.problem`. */
  fill(written: Written, around: Around): Complete;
  /** only of a complete config in which no problem was found */
  plan(complete: Complete): Options;
  /** whether it asks how hard the classes are. @param classes in the data */
  needsRanking(complete: Complete, classes: number): boolean;
  /** for people: the rounds that they laid out, where there are any */
  rounds?(options: Options): readonly { readonly name: string; readonly epochs: number; readonly classes: number }[];
  readonly strategy: Strategy<Options, State>;
}

interface Named {
  readonly strategy: string;
}

/** A method as everyone sees it who carries unread what is its own. */
export type AnyMethod = Method<WrittenSearching & Named, CompleteSearching & Named, StrategyPlan, unknown>;

/** Each method is handed only what it wrote itself (the registry finds it by its name), so the cast is sound. */
export const method = <
  W extends WrittenSearching & Named,
  C extends CompleteSearching & Named,
  O extends StrategyPlan,
  S,
>(
  method: Method<W, C, O, S>,
): AnyMethod => method as unknown as AnyMethod;

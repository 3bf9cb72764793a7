import { describe, expect, it } from "vitest";
import type { Around } from "../options/around.js";
import { methodNamed, methods, searchSchema } from "./registry.js";
import { plans, shortPlans } from "./testing/plans.js";
import { contextFor, tinyPlan } from "./testing/world.js";

const { plan } = contextFor(tinyPlan(plans.random));
const around = (problems: string[] = [], maxMacs: number | null = null): Around => ({
  classes: 20,
  budget: maxMacs === null ? {} : { macs: { most: maxMacs } },
  space: plan.space,
  problem: (path, code) => problems.push(`${code} ${path.join(".")}`),
});

describe("the registry", () => {
  it("knows each method by a name of its own", () => {
    expect(new Set(methods.map(({ name }) => name)).size).toBe(methods.length);
    for (const method of methods) expect(methodNamed(method.name)).toBe(method);
    expect(() => methodNamed("guesswork")).toThrow("there is no method guesswork");
  });

  it("means its first method where a config names none", () => {
    expect(searchSchema.parse({}).strategy).toBe(methods[0].name);
  });

  it.each(Object.entries({ plans, shortPlans }))("has %s to try every method on", (_, tried) => {
    expect(new Set(Object.values(tried).map(({ name }) => name))).toEqual(new Set(methods.map(({ name }) => name)));
  });
});

describe.each(methods.map((method) => [method.name, method] as const))("%s", (name, method) => {
  const read = (written: object) => searchSchema.parse({ strategy: name, ...written });

  it.each([null, 5000, 300_000_000])(
    "says all there is to say, and reads it again to the same, budget %s",
    (maxMacs) => {
      const problems: string[] = [];
      const complete = method.fill(read({ batchSize: 48 }), around(problems, maxMacs));
      const again = method.fill(read(JSON.parse(JSON.stringify(complete))), around(problems));
      expect(again).toEqual(complete);
      expect(JSON.parse(JSON.stringify(complete))).toStrictEqual(complete);
      expect(method.plan(again)).toStrictEqual(method.plan(complete));
      expect(problems).toEqual([]);
      expect(method.plan(complete).name).toBe(name);
    },
  );

  it("tells what is wrong by its place", () => {
    const problems: string[] = [];
    method.fill(read({ optimizer: { momentum: 0 }, augment: { pad: 999 } }), around(problems));
    expect(problems).toEqual(["E_CONFIG_VALUE search.optimizer.momentum", "E_CONFIG_VALUE search.augment.pad"]);
  });
});

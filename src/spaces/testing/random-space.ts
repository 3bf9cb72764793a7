import fc from "fast-check";
import type { Architecture, InputShape, Space } from "../../domain/space.js";
import type { SpaceSpec } from "../../domain/space-spec.js";
import { buildSpace } from "../builder.js";
import { type CandidateSpec, printCandidate } from "../grammar.js";

const activations = fc.constantFrom("relu", "relu6", "hswish", "silu", "none");
const activation = fc.option(activations, { freq: 3 });
const kernel = fc.constantFrom(1, 3, 5, 7, 9);

/** expansions with few decimals too: their point must not be taken for the dot between slots */
export const candidateSpecs: fc.Arbitrary<CandidateSpec> = fc.oneof(
  fc.constant({ kind: "skip" } as const),
  fc.record({ kind: fc.constant("conv" as const), kernel, activation }),
  fc.record({
    kind: fc.constant("mbconv" as const),
    kernel,
    expansion: fc.integer({ min: 50, max: 650 }).map((hundredths) => hundredths / 100),
    squeeze: fc.boolean(),
    activation,
  }),
);

const width = fc.integer({ min: 2, max: 12 });
const stride = fc.constantFrom(1, 1, 2);

const stages = fc.array(
  fc.record({
    width,
    slots: fc.integer({ min: 1, max: 3 }),
    stride,
    // one that always fits and is like no other, so that no slot is left without
    candidates: fc
      .uniqueArray(candidateSpecs.map(printCandidate), { minLength: 0, maxLength: 4 })
      .map((names) => [...names, "c31"]),
    skipDownsamples: fc.boolean(),
  }),
  { minLength: 1, maxLength: 3 },
);

const specs: fc.Arbitrary<SpaceSpec> = fc.record({
  name: fc.constant("random"),
  activation: activations,
  stem: fc.array(fc.record({ op: fc.constantFrom("c3", "k3e1", "k5e2se"), width, stride }), { maxLength: 2 }),
  stages,
  head: fc.record({ width: fc.constantFrom(0, 7), hidden: fc.constantFrom(0, 5), dropout: fc.constant(0) }),
  squeeze: fc.record({
    ratio: fc.constantFrom(0.1, 0.25, 0.5),
    of: fc.constantFrom("input", "hidden"),
    gate: fc.constantFrom("sigmoid", "hsigmoid"),
  }),
});

/** odd sizes too: a stride rounds up */
const inputs: fc.Arbitrary<InputShape> = fc.record({
  channels: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 17, max: 40 }),
  width: fc.integer({ min: 17, max: 40 }),
});

/** where two candidates happen to be one block, the builder refuses: such a space is drawn again */
export const randomSpaces: fc.Arbitrary<Space> = fc
  .tuple(specs, inputs, fc.integer({ min: 2, max: 10 }))
  .map(([spec, input, classes]) => {
    try {
      return buildSpace(spec, input, classes);
    } catch (error) {
      if (error instanceof Error && /are the same block/.test(error.message)) return null;
      throw error;
    }
  })
  .filter((space) => space !== null);

export const randomSpacesWithArchitecture: fc.Arbitrary<{ space: Space; architecture: Architecture }> =
  randomSpaces.chain((space) =>
    fc.record({
      space: fc.constant(space),
      architecture: fc.tuple(...space.slots.map((slot) => fc.integer({ min: 0, max: slot.candidates.length - 1 }))),
    }),
  );

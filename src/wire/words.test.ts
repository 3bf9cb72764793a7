import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createFileRegistry, type DescField, type DescMessage, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { Augment, StreamSpec } from "../domain/data.js";
import type { Job, OptimizerSpec } from "../domain/job.js";
import type { Failure, Signal } from "../domain/signal.js";
import type { Alive, Architecture, InputShape, Space } from "../domain/space.js";
import type { Frame } from "../domain/telemetry.js";
import * as data from "./generated/danas/v1/data.js";
import * as job from "./generated/danas/v1/job.js";
import * as signal from "./generated/danas/v1/signal.js";
import * as space from "./generated/danas/v1/space.js";
import * as telemetry from "./generated/danas/v1/telemetry.js";
import * as worker from "./generated/danas/v1/worker.js";
import { fromWire, toWire } from "./words.js";

// ---- what proto/ says ------------------------------------------------------------------------------------------------

const root = fileURLToPath(new URL("../..", import.meta.url));
const buf = `${root}/node_modules/@bufbuild/buf/bin/buf`;
const built = spawnSync(process.execPath, [buf, "build", "-o", "-"], { cwd: root });
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, built.stdout));
const messageOf = (name: string): DescMessage => registry.getMessage(`danas.v1.${name}`)!;

/** the message and all that it can hold */
function within(message: DescMessage, seen = new Set<DescMessage>()): Set<DescMessage> {
  if (seen.has(message)) return seen;
  seen.add(message);
  for (const field of message.fields) if (field.message) within(field.message, seen);
  return seen;
}

const spoken = [...within(messageOf("Reply"), within(messageOf("Command"), within(messageOf("Frame"))))];
const isList = ({ fields }: DescMessage): boolean => fields.length === 1 && fields[0].name === "list";

describe("the protos keep to what the rule needs", () => {
  it("no maps, no plain field `kind`, `list` alone in a message and such messages only within lists", () => {
    for (const message of spoken) {
      for (const field of message.fields) {
        expect(field.fieldKind, `${field}: words cannot tell a map from a message`).not.toBe("map");
        if (!field.oneof) expect(field.name, `${field}: kind names a choice`).not.toBe("kind");
        if (field.name === "list") expect(isList(message) && field.fieldKind === "list", `${field}`).toBe(true);
        if (field.message && isList(field.message)) expect(field.fieldKind, `${field}: only in a list`).toBe("list");
      }
      for (const oneof of message.oneofs) expect(oneof.name, `${oneof}`).not.toBe("kind");
    }
  });

  it("no signal has a part that may be absent: the door takes each null for a missing one", () => {
    const { fields } = messageOf("Reply");
    const answers = fields.filter(({ oneof, name }) => oneof?.name === "answer" && name !== "failure");
    const optional = answers
      .flatMap(({ message }) => [...within(message!)])
      .flatMap((message) => message.fields.filter(({ proto }) => proto.proto3Optional));
    expect(answers.length).toBeGreaterThan(8);
    expect(optional.map(String)).toEqual([]);
  });
});

// ---- any message -----------------------------------------------------------------------------------------------------

const values = { [ScalarType.STRING]: fc.string({ unit: "grapheme" }), [ScalarType.BOOL]: fc.boolean() };
const numbers = {
  // protobuf does not send a -0
  [ScalarType.DOUBLE]: fc.double().map((value) => value + 0),
  [ScalarType.UINT32]: fc.nat({ max: 2 ** 32 - 1 }),
  [ScalarType.UINT64]: fc.maxSafeNat(),
};
const scalars: Partial<Record<ScalarType, fc.Arbitrary<unknown>>> = { ...values, ...numbers };

function single(field: DescField): fc.Arbitrary<unknown> {
  if (field.enum) return fc.constantFrom(...field.enum.values.map(({ name }) => name));
  return field.message ? anyOf(field.message) : scalars[field.scalar!]!;
}

function anyField(field: DescField): fc.Arbitrary<unknown> {
  if (field.fieldKind === "list") return fc.array(single(field), { maxLength: 4 });
  return field.message || field.proto.proto3Optional ? fc.option(single(field)) : single(field);
}

/** any message, as ts-proto has it */
function anyOf(message: DescMessage): fc.Arbitrary<Record<string, unknown>> {
  const plain = message.fields.filter(({ oneof }) => !oneof).map((field) => [field.localName, anyField(field)]);
  const choices = message.oneofs.map(({ localName, fields }) => {
    const cases = fields.map((field) =>
      fc.record({ $case: fc.constant(field.localName), value: single(field) }, { noNullPrototype: true }),
    );
    return [localName, fc.option(fc.oneof(...cases))];
  });
  return fc.record(Object.fromEntries([...plain, ...choices]), { noNullPrototype: true });
}

interface Codec {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}
const codecs = { ...data, ...job, ...signal, ...space, ...telemetry, ...worker } as unknown as Record<string, Codec>;

describe("any message", () => {
  it("is what it was, once made words and back, and sent as bytes", () => {
    const messages = spoken.filter((message) => !isList(message));

    for (const message of messages) {
      const { encode, decode } = codecs[message.name];
      const property = fc.property(anyOf(message), (any) => {
        const back = toWire(fromWire(any));
        expect(back).toStrictEqual(any);
        expect(decode(encode(back).finish())).toStrictEqual(any);
        expect(fromWire(back)).toStrictEqual(fromWire(any));
      });
      fc.assert(property, { numRuns: 40 });
    }
  });
});

// ---- examples --------------------------------------------------------------------------------------------------------

/** words, what they are as a message, and back from its bytes */
const meets = <T>(word: unknown, message: T, codec: unknown) => {
  const { encode, decode } = codec as Codec;
  expect(toWire(word)).toEqual(message);
  expect(fromWire(decode(encode(message).finish()))).toEqual(word);
};

describe("a word is a message whose", () => {
  it("choices name themselves, in the spelling of the config", () => {
    const told: Signal = { kind: "bn-scales", scales: [[0.5, 0], [], [1]] };
    const value = { scales: [{ list: [0.5, 0] }, { list: [] }, { list: [1] }] };
    const timing = { totalMs: 1, dataMs: 0, computeMs: 1, waitMs: 0 };
    meets(
      { id: "job-1", answer: told, timing },
      { id: "job-1", answer: { $case: "bnScales", value }, timing },
      signal.Reply,
    );
  });

  it("lists may hold lists", () => {
    const restrict: Job = { kind: "restrict", alive: [[0, 3], [1]] };
    const value = { alive: [{ list: [0, 3] }, { list: [1] }] };
    meets({ id: "job-2", job: restrict }, { id: "job-2", job: { $case: "restrict", value } }, job.Command);
  });

  it("choices and lists may lie in each other, however deep", () => {
    const op = { kind: "mbconv", kernel: 5, hidden: 96, squeeze: 8, activation: "relu6", gate: "hsigmoid" } as const;
    const place = { inChannels: 16, outChannels: 16, stride: 1, height: 14, width: 28 };
    const { kind: $case, ...value } = op;
    const words: Space["slots"][number] = {
      name: "3.2",
      stage: 3,
      candidates: [{ name: "k5e6se", block: { op, ...place } }],
    };
    const candidates = [{ name: "k5e6se", block: { op: { $case, value }, ...place } }];
    meets(words, { ...words, candidates }, space.Slot);
  });

  it("optional parts are null where they are absent", () => {
    const spec: OptimizerSpec = { momentum: 0.9, nesterov: true, weightDecay: 0, decayNorm: false, clipValue: null };
    meets(spec, spec, job.OptimizerSpec);
    expect(job.OptimizerSpec.encode(spec).finish()).toHaveLength(11); // a double and a bool, each with its tag
    const failure: Failure = { code: "non_finite", message: "nan", hint: "", step: 0 };
    meets(failure, failure, signal.Failure);
  });

  it("numbers are those of proto/ to the last bit, more than 32 of them too", () => {
    const news: Frame["news"] = {
      ...{ kind: "step", jobId: 2 ** 53 - 1, job: "train", step: 1, steps: 50, loss: 0.1, samplesPerSecond: 1e-300 },
      ...{ dataMs: 0, computeMs: 1 / 3, waitMs: 0, memoryBytes: 8e10 },
    };
    const { kind: $case, ...value } = news;
    meets({ run: "a run", news }, { run: "a run", news: { $case, value } }, telemetry.Frame);
  });

  it("types say the same", () => {
    expectTypeOf<Architecture>().toEqualTypeOf<readonly number[]>();
    expectTypeOf<Alive>().toEqualTypeOf<readonly (readonly number[])[]>();
    expectTypeOf<StreamSpec["augment"]>().toExtend<Augment | null>();
    expectTypeOf<null>().toExtend<StreamSpec["augment"]>();
    expectTypeOf<Failure["step"]>().toEqualTypeOf<number | null>();
    expectTypeOf<Space["input"]>().toExtend<InputShape>();
    expectTypeOf<null>().not.toExtend<Space["input"]>();
    expectTypeOf<Job["kind"]>().toEqualTypeOf<Signal["kind"]>();
    expectTypeOf<"bn-scales">().toExtend<Job["kind"]>();
    expectTypeOf<"restore">().not.toExtend<Job["kind"]>();
  });
});

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { extremes } from "../../cost/extremes.js";
import { costTable } from "../../cost/table.js";
import type { InputShape, Space } from "../../domain/space.js";
import { builtinSpace, builtinSpaces } from "../../spaces/builtins.js";
import { countArchitectures } from "../../spaces/size.js";
import { amount, bigWords } from "../../util/format.js";
import type { Io } from "../io.js";

export interface SpaceOptions {
  readonly input?: string;
  readonly classes?: number;
  readonly set: readonly string[];
  readonly json: boolean;
}

/** `danas space [NAME|CONFIG]`: what there is to search; without a name, the built-in spaces. */
export async function space(target: string | undefined, options: SpaceOptions, io: Io): Promise<number> {
  if (target === undefined) {
    const rows = Object.keys(builtinSpaces).map((name) => ({
      name,
      about: builtinSpaces[name].about,
      ...sizeOf(usual(name)),
    }));
    if (options.json) io.out(`${JSON.stringify(rows)}\n`);
    else
      for (const row of rows)
        io.out(
          `${row.name.padEnd(20)} ${bigWords(row.architectures).padStart(12)} networks  ${amount(row.smallest)} to ${amount(row.largest)} MACs\n    ${row.about}\n`,
        );
    return 0;
  }
  const chosen = await spaceOf(target, options, io);
  io.out(options.json ? `${JSON.stringify(chosen)}\n` : renderSpace(chosen));
  return 0;
}

const usual = (name: string): Space => builtinSpace(name, builtinSpaces[name].input, 1000);

function sizeOf(of: Space) {
  const { smallest, largest } = extremes(costTable(of));
  return {
    slots: of.slots.length,
    architectures: String(countArchitectures(of)),
    smallest: smallest.macs,
    largest: largest.macs,
  };
}

/** of a config file, or built in */
export async function spaceOf(
  target: string,
  { input, classes, set }: Pick<SpaceOptions, "input" | "classes" | "set">,
  io: Io,
): Promise<Space> {
  if (/\.ya?ml$/i.test(target) || existsSync(resolve(io.cwd, target))) {
    const { loadConfig } = await import("../../config/load.js");
    return loadConfig(target, { set, cwd: io.cwd, env: io.env, skipData: true }).plan.space;
  }
  const known = Object.hasOwn(builtinSpaces, target)
    ? builtinSpaces[target].input
    : { channels: 3, height: 224, width: 224 };
  return builtinSpace(target, input === undefined ? known : await readShape(input), classes ?? 1000);
}

async function readShape(text: string): Promise<InputShape> {
  const { inputShape } = await import("../../options/scalars.js");
  const parsed = inputShape.safeParse(text);
  if (parsed.success) return parsed.data;
  const { DanasError } = await import("../../domain/errors.js");
  throw new DanasError("E_INPUT", `--input ${text}: ${parsed.error.issues[0].message}`, {
    hint: "such as --input 3x224x224",
  });
}

function renderSpace(of: Space): string {
  const table = costTable(of);
  const { smallest, largest, architectures } = sizeOf(of);
  const { channels, height, width } = of.input;
  const lines = [
    `${of.name}: ${of.slots.length} slots, ${bigWords(architectures)} networks`,
    `input ${channels}x${height}x${width}, ${of.classes} classes; ${amount(smallest)} to ${amount(largest)} MACs, ${amount(table.fixed.macs)} of them in stem and head`,
    "",
    "slot   channels    input    candidates, with their MACs",
  ];
  for (const [index, slot] of of.slots.entries()) {
    const { inChannels, outChannels, stride, height: h, width: w } = slot.candidates[0].block;
    const candidates = slot.candidates.map(
      ({ name }, candidate) => `${name} ${amount(table.slots[index][candidate].macs)}`,
    );
    lines.push(
      `${slot.name.padEnd(6)} ${`${inChannels}→${outChannels}`.padEnd(11)} ${`${h}x${w}${stride > 1 ? `/${stride}` : ""}`.padEnd(10)} ${candidates.join(", ")}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

import { extremes } from "../../cost/extremes.js";
import { architectureCost, costTable } from "../../cost/table.js";
import type { Cost } from "../../domain/cost.js";
import { DanasError } from "../../domain/errors.js";
import type { Architecture, Space } from "../../domain/space.js";
import { decode, encode } from "../../spaces/encoding.js";
import { amount, countWords, share } from "../../util/format.js";
import type { Io } from "../io.js";
import { type SpaceOptions, spaceOf } from "./space.js";

export interface CostOptions extends SpaceOptions {
  readonly space?: string;
}

/** `danas cost CONFIG [ARCHITECTURE]`, or `--space NAME [ARCHITECTURE]`: exact multiply-adds and parameters. */
export async function cost(args: readonly string[], options: CostOptions, io: Io): Promise<number> {
  const [target, text, extra] = options.space === undefined ? args : [options.space, ...args];
  if (target === undefined || extra !== undefined) {
    throw new DanasError("E_USAGE", target === undefined ? "of which space?" : `what is "${extra}"?`, {
      hint: "danas cost CONFIG [ARCHITECTURE], or danas cost --space NAME [ARCHITECTURE]",
    });
  }
  const space = await spaceOf(target, options, io);
  const networks = text === undefined ? ends(space) : [{ name: "network", architecture: decode(space, text) }];
  const table = costTable(space);
  const priced = networks.map(({ name, architecture }) => ({
    name,
    encoded: encode(space, architecture),
    ...architectureCost(table, architecture),
    architecture,
  }));
  if (options.json) {
    io.out(`${JSON.stringify({ space: space.name, input: space.input, classes: space.classes, networks: priced })}\n`);
    return 0;
  }
  for (const { name, encoded, macs, params, architecture } of priced) {
    io.out(`${name.padEnd(9)} ${encoded}\n`);
    io.out(
      `${"".padEnd(9)} ${countWords(macs)} MACs (${amount(macs)}; as FLOPs, 2 per MAC: ${amount(2 * macs)}), ${countWords(params)} parameters\n`,
    );
    if (text !== undefined) io.out(`\n${slotLines(space, architecture, { macs, params })}`);
  }
  return 0;
}

function ends(space: Space): { name: string; architecture: Architecture }[] {
  const { smallest, largest } = extremes(costTable(space));
  return [
    { name: "smallest", architecture: smallest.architecture },
    { name: "largest", architecture: largest.architecture },
  ];
}

function slotLines(space: Space, architecture: Architecture, total: Cost): string {
  const table = costTable(space);
  const row = (name: string, what: string, { macs, params }: Cost) =>
    `${name.padEnd(8)} ${what.padEnd(16)} ${countWords(macs).padStart(15)} ${share(macs / Math.max(1, total.macs)).padStart(6)} ${countWords(params).padStart(12)}\n`;
  const rows = space.slots.map((slot, index) =>
    row(slot.name, slot.candidates[architecture[index]].name, table.slots[index][architecture[index]]),
  );
  return `${"slot".padEnd(8)} ${"candidate".padEnd(16)} ${"MACs".padStart(15)} ${"".padStart(6)} ${"parameters".padStart(12)}\n${row("", "stem, head", table.fixed)}${rows.join("")}`;
}

import { loadConfig } from "../../config/load.js";
import { extremes } from "../../cost/extremes.js";
import { costTable } from "../../cost/table.js";
import type { Plan } from "../../domain/plan.js";
import { countArchitectures } from "../../spaces/size.js";
import { methodNamed } from "../../strategies/registry.js";
import { amount, bigWords, plural } from "../../util/format.js";
import { findPython } from "../../worker/python.js";
import type { Io } from "../io.js";

export interface ValidateOptions {
  readonly set: readonly string[];
  readonly skipData: boolean;
  /** print the config with every default written out */
  readonly resolved: boolean;
  readonly json: boolean;
}

/** `danas validate CONFIG`: everything that can be checked before anything starts. */
export async function validate(
  config: string,
  { set, skipData, resolved, json }: ValidateOptions,
  io: Io,
): Promise<number> {
  const settings = loadConfig(config, { set, skipData, cwd: io.cwd, env: io.env });
  const { worker, plan, resolvedYaml, runFolder } = settings;
  if (!skipData && (worker.kind === "local" || worker.kind === "embedded")) findPython(worker.python, io.env);
  if (json) io.out(`${JSON.stringify({ ok: true, runFolder, plan, worker })}\n`);
  else if (resolved) io.out(resolvedYaml);
  io.err(`${config} is fine\n${summary(plan)}`);
  return 0;
}

function summary(plan: Plan): string {
  const { space, budget, data, search } = plan;
  const { smallest, largest } = extremes(costTable(space));
  const lines = [
    `data     ${data.source.kind}, ${data.classes} classes, ${data.input.channels}x${data.input.height}x${data.input.width}`,
    `space    ${space.name}: ${space.slots.length} slots, ${bigWords(String(countArchitectures(space)))} networks of ${amount(smallest.macs)} to ${amount(largest.macs)} MACs`,
    `budget   ${budget.macs?.most === undefined ? "no limit on MACs" : `at most ${amount(budget.macs.most)} MACs`}`,
    `does     ${plan.programs.join(", ")}`,
  ];
  if (plan.programs.includes("search")) lines.push(`search   ${search.strategy.name}${roundWords(plan)}`);
  return `${lines.map((line) => `  ${line}`).join("\n")}\n`;
}

function roundWords({ search: { strategy } }: Plan): string {
  const rounds = methodNamed(strategy.name).rounds?.(strategy);
  if (!rounds) return "";
  return `: ${rounds.map(({ name, epochs, classes }) => `${name} ${plural(epochs, "epoch")} on ${plural(classes, "class", "classes")}`).join(", ")}`;
}

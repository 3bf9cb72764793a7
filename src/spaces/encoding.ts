import { DanasError } from "../domain/errors.js";
import type { Architecture, Space } from "../domain/space.js";

/** `k3e6.k3e3.skip/k5e6se`: the candidate of each slot, "." between slots, "/" between stages. */
export function encode(space: Space, architecture: Architecture): string {
  let text = "";
  for (const [index, slot] of space.slots.entries()) {
    if (index > 0) text += space.slots[index - 1].stage === slot.stage ? "." : "/";
    text += slot.candidates[architecture[index]].name;
  }
  return text;
}

/** @throws DanasError E_ARCHITECTURE naming the slot and what may stand there */
export function decode(space: Space, text: string): Architecture {
  const stages = stageSizes(space);
  const parts = text.trim().split("/");
  if (parts.length !== stages.length) {
    throw new DanasError("E_ARCHITECTURE", `${stages.length} stages are needed, ${parts.length} are given`, {
      hint: "stages are separated by /, the slots of a stage by a dot",
    });
  }
  const names = parts.flatMap((part, index) => {
    const slots = part.split(".");
    // an expansion may hold a decimal point (k3e2.3): then names are matched greedily from the space
    return slots.length === stages[index] ? slots : splitGreedily(space, part, index, stages);
  });
  return space.slots.map((slot, index) => {
    const choice = slot.candidates.findIndex((candidate) => candidate.name === names[index]);
    if (choice < 0) {
      throw new DanasError("E_ARCHITECTURE", `slot ${slot.name} has no candidate "${names[index]}"`, {
        hint: `it has ${slot.candidates.map((candidate) => candidate.name).join(", ")}`,
      });
    }
    return choice;
  });
}

function stageSizes(space: Space): number[] {
  const sizes: number[] = [];
  for (const [index, slot] of space.slots.entries()) {
    if (index > 0 && space.slots[index - 1].stage === slot.stage) sizes[sizes.length - 1]++;
    else sizes.push(1);
  }
  return sizes;
}

/** reads one stage slot by slot, the longest name that fits first */
function splitGreedily(space: Space, part: string, stage: number, sizes: readonly number[]): string[] {
  const first = sizes.slice(0, stage).reduce((sum, size) => sum + size, 0);
  const names: string[] = [];
  let rest = part;
  for (let slot = first; slot < first + sizes[stage]; slot++) {
    const fitting = space.slots[slot].candidates
      .map(({ name }) => name)
      .filter((name) => rest === name || rest.startsWith(`${name}.`))
      .sort((a, b) => b.length - a.length)[0];
    if (fitting === undefined) {
      throw new DanasError("E_ARCHITECTURE", `slot ${space.slots[slot].name}: nothing in "${rest}" fits`, {
        hint: `it has ${space.slots[slot].candidates.map((candidate) => candidate.name).join(", ")}`,
      });
    }
    names.push(fitting);
    rest = rest.slice(fitting.length + 1);
  }
  return names;
}

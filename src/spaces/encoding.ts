import { DanasError } from "../domain/errors.js";
import type { Architecture, Slot, Space } from "../domain/space.js";
import { closest } from "../util/closest.js";

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
  const stages = stagesOf(space);
  const parts = text.trim().split("/");
  if (parts.length !== stages.length) {
    throw mistake(
      `${stages.length} stages are needed, ${parts.length} are given`,
      "stages are separated by /, the slots of a stage by a dot",
    );
  }
  return parts.flatMap((part, index) => {
    const slots = stages[index];
    // no candidate's name begins with a digit: a dot before one is the decimal point of an expansion, k3e2.3
    const names = part.split(/\.(?!\d)/);
    if (names.length !== slots.length) {
      throw mistake(
        `stage ${slots[0].stage} needs ${slots.length} slots, ${names.length} are given`,
        `it may be written ${slots.map(({ candidates }) => candidates[0].name).join(".")}`,
      );
    }
    return slots.map((slot, position) => choiceOf(slot, names[position]));
  });
}

function choiceOf({ name: slot, candidates }: Slot, written: string): number {
  const choice = candidates.findIndex(({ name }) => name === written);
  if (choice >= 0) return choice;
  const names = candidates.map(({ name }) => name);
  const near = closest(written, names);
  throw mistake(
    `slot ${slot} has no candidate "${written}"`,
    `${near ? `did you mean ${near}? ` : ""}it has ${names.join(", ")}`,
  );
}

function stagesOf(space: Space): Slot[][] {
  const stages: Slot[][] = [];
  for (const slot of space.slots) {
    const last = stages.at(-1);
    if (last && last[0].stage === slot.stage) last.push(slot);
    else stages.push([slot]);
  }
  return stages;
}

const mistake = (message: string, hint: string): DanasError => new DanasError("E_ARCHITECTURE", message, { hint });

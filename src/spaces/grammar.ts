import { DanasError } from "../domain/errors.js";
import type { Activation } from "../domain/space.js";

/** A candidate as it is written: `k5e6se@hswish`, `c3`, `skip`. */
export type CandidateSpec =
  | { readonly kind: "skip" }
  | { readonly kind: "conv"; readonly kernel: number; readonly activation: Activation | null }
  | {
      readonly kind: "mbconv";
      readonly kernel: number;
      readonly expansion: number;
      readonly squeeze: boolean;
      readonly activation: Activation | null;
    };

const pattern =
  /^(?:c(?<conv>\d+)|k(?<kernel>\d+)e(?<expansion>\d+(?:\.\d+)?)(?<squeeze>se)?)(?:@(?<activation>relu6|relu|hswish|silu|none))?$/;

/**
 * Each candidate has one way to be written, so that a name says what it is: `parse` reads only what `print` writes.
 * @throws DanasError E_SPACE
 */
export function parseCandidate(text: string): CandidateSpec {
  const spec = read(text);
  const printed = printCandidate(spec);
  if (printed !== text)
    throw new DanasError("E_SPACE", `"${text}" is written ${printed}`, { hint: `write ${printed}` });
  return spec;
}

export function printCandidate(spec: CandidateSpec): string {
  if (spec.kind === "skip") return "skip";
  const activation = spec.activation === null ? "" : `@${spec.activation}`;
  if (spec.kind === "conv") return `c${spec.kernel}${activation}`;
  return `k${spec.kernel}e${spec.expansion}${spec.squeeze ? "se" : ""}${activation}`;
}

function read(text: string): CandidateSpec {
  const tidy = text.trim().toLowerCase();
  if (tidy === "skip") return { kind: "skip" };
  const groups = pattern.exec(tidy)?.groups;
  if (!groups) {
    throw new DanasError("E_SPACE", `"${text}" is not a candidate`, {
      hint: "write k5e6, k5e6se, k3e6@hswish (mbconv), c3 (convolution) or skip; activations are relu, relu6, hswish, silu, none",
    });
  }
  const kernel = Number(groups.conv ?? groups.kernel);
  if (kernel % 2 === 0 || kernel > 31) {
    throw new DanasError("E_SPACE", `"${text}": a kernel must be odd and at most 31`, { hint: "use 3, 5, 7 or 9" });
  }
  const activation = (groups.activation as Activation | undefined) ?? null;
  if (groups.conv !== undefined) return { kind: "conv", kernel, activation };
  const expansion = Number(groups.expansion);
  // four decimals: more would print in another notation, and no width needs them
  if (!(expansion >= 0.01 && expansion <= 64) || (groups.expansion.split(".")[1] ?? "").length > 4) {
    throw new DanasError("E_SPACE", `"${text}": an expansion is 0.01 to 64, with at most four decimals`, {
      hint: "1 to 6 is usual",
    });
  }
  return { kind: "mbconv", kernel, expansion, squeeze: groups.squeeze !== undefined, activation };
}

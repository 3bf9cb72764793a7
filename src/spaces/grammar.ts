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
  /^(?:skip|c(?<conv>\d+)|k(?<kernel>\d+)e(?<expansion>\d+(?:\.\d+)?)(?<squeeze>se)?)(?:@(?<activation>relu6|relu|hswish|silu|none))?$/;

/** @throws DanasError E_SPACE */
export function parseCandidate(text: string): CandidateSpec {
  const groups = pattern.exec(text)?.groups;
  if (!groups || (text.startsWith("skip") && text !== "skip")) {
    throw new DanasError("E_SPACE", `"${text}" is not a candidate`, {
      hint: "write k5e6, k5e6se, k3e6@hswish (mbconv), c3 (convolution) or skip",
    });
  }
  if (text === "skip") return { kind: "skip" };
  const kernel = Number(groups.conv ?? groups.kernel);
  if (kernel % 2 === 0 || kernel > 31) {
    throw new DanasError("E_SPACE", `"${text}": a kernel must be odd and at most 31`, { hint: "use 3, 5, 7 or 9" });
  }
  const activation = (groups.activation as Activation | undefined) ?? null;
  if (groups.conv !== undefined) return { kind: "conv", kernel, activation };
  const expansion = Number(groups.expansion);
  if (!(expansion > 0 && expansion <= 64)) {
    throw new DanasError("E_SPACE", `"${text}": an expansion must be above 0 and at most 64`, {
      hint: "1 to 6 is usual",
    });
  }
  return { kind: "mbconv", kernel, expansion, squeeze: groups.squeeze !== undefined, activation };
}

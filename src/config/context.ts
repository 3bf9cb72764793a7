import { homedir } from "node:os";
import { resolve as absolute, dirname, isAbsolute, join } from "node:path";
import type { z } from "zod";
import { DanasError, DanasErrors } from "../../domain/errors.js";
import type { Document, Path } from "../document.js";
import type { trainedRanking } from "../schema/ranking.js";
import type { Config } from "../schema.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Surroundings {
  /** absolute */
  readonly cwd: string;
  readonly env: Environment;
  /** do not ask whether data, certificates and tokens are there: for checking a config away from them */
  readonly skipData: boolean;
}

/** What the parts of a resolution share: the config, where it stands, and the problems found so far. */
export interface Resolving extends Surroundings {
  readonly config: Config;
  readonly document: Document;
  readonly file: string;
  readonly problems: DanasError[];
  /** what a section that was left out says */
  readonly defaults: { readonly ranking: z.output<typeof trainedRanking> };
}

export function problem(at: Resolving, path: Path, code: string, message: string, hint: string): void {
  at.problems.push(new DanasError(code, message, { place: at.document.placeOf(path), hint }));
}

/** runs a check of the core and gives its error the place of the config that is to blame */
export function located<T>(at: Resolving, path: Path | ((error: DanasError) => Path), body: () => T): T | null {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof DanasError)) throw error;
    const place = error.place ?? at.document.placeOf(typeof path === "function" ? path(error) : path);
    at.problems.push(new DanasError(error.code, error.message, { place, ...(error.hint && { hint: error.hint }) }));
    return null;
  }
}

/** what was found so far is told before anything that depends on it is looked at */
export function stopIfAny(at: Resolving): void {
  if (at.problems.length > 0) throw new DanasErrors(at.problems);
}

/** A path in the config is meant from the config's folder; one from `--set`, from where danas was called. */
export function pathIn(at: Resolving, path: Path, text: string): string {
  if (text === "~" || text.startsWith("~/")) return join(at.env.HOME ?? homedir(), text.slice(1));
  if (isAbsolute(text)) return absolute(text);
  const fromSet = at.document.placeOf(path).file.startsWith("--set ");
  return absolute(fromSet ? at.cwd : dirname(at.file), text);
}

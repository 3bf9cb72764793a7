import { homedir } from "node:os";
import { resolve as absolute, dirname, isAbsolute, join } from "node:path";
import { DanasError, DanasErrors } from "../domain/errors.js";
import type { Problems } from "../options/around.js";
import type { Document, Path } from "./document.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Surroundings {
  /** absolute */
  readonly cwd: string;
  readonly env: Environment;
  /** do not ask whether data, certificates and tokens are there: for checking a config away from them */
  readonly skipData: boolean;
}

/** What the sections share while they are filled: where the config stands, and the problems found so far. */
export interface Filling extends Surroundings, Problems {
  readonly document: Document;
  readonly file: string;
  readonly problems: DanasError[];
}

export function filling(document: Document, file: string, around: Surroundings): Filling {
  const problems: DanasError[] = [];
  const problem: Problems["problem"] = (path, code, message, hint) =>
    void problems.push(new DanasError(code, message, { place: document.placeOf(path), hint }));
  return { ...around, document, file, problems, problem };
}

/** runs a check of the core and gives its error the place of the config that is to blame */
export function located<T>(at: Filling, path: Path | ((error: DanasError) => Path), body: () => T): T | null {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof DanasError)) throw error;
    const place = error.place ?? at.document.placeOf(typeof path === "function" ? path(error) : path);
    at.problems.push(new DanasError(error.code, error.message, { place, ...(error.hint && { hint: error.hint }) }));
    return null;
  }
}

/** What was found so far is told before anything that depends on it is looked at; without a value something was. */
export function orStop<T>(at: Filling, value: T | null): T {
  if (value !== null) return value;
  stopIfAny(at);
  throw new Error("a section was not filled, and nobody said why");
}

export function stopIfAny(at: Filling): void {
  if (at.problems.length > 0) throw new DanasErrors(at.problems);
}

/** A path in the config is meant from the config's folder; one from `--set`, from where danas was called. */
export function pathIn(at: Filling, path: Path, text: string): string {
  if (text === "~" || text.startsWith("~/")) return join(at.env.HOME ?? homedir(), text.slice(1));
  if (isAbsolute(text)) return absolute(text);
  const fromSet = at.document.placeOf(path).file.startsWith("--set ");
  return absolute(fromSet ? at.cwd : dirname(at.file), text);
}

import { resolve as absolute } from "node:path";
import { stringify } from "yaml";
import { DanasErrors } from "../domain/errors.js";
import type { Settings } from "../domain/settings.js";
import { type Environment, filling, type Surroundings } from "./context.js";
import { type Document, readDocument } from "./document.js";
import { type Complete, fill } from "./fill.js";
import { schemaTree } from "./json-schema.js";
import { parseOverride, withOverrides } from "./overrides.js";
import { plan } from "./plan.js";
import { problemsIn } from "./problems.js";
import { configSchema } from "./schema.js";

export interface LoadOptions {
  /** `a.b=c`, each laid over the file */
  readonly set?: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  /** do not ask whether data, certificates and tokens are there */
  readonly skipData?: boolean;
}

/**
 * From a file to a run that may begin.
 * @throws DanasError, DanasErrors located, exit code 2
 */
export function loadConfig(path: string, { cwd, env, set = [], skipData = false }: LoadOptions): Settings {
  const overrides = set.map(parseOverride);
  const document = withOverrides(readDocument(path, cwd), overrides);
  return settingsOf(document, absolute(cwd, path), { cwd, env, skipData });
}

/** @param file absolute. @throws DanasErrors */
export function settingsOf(document: Document, file: string, around: Surroundings): Settings {
  const parsed = configSchema.safeParse(document.value);
  if (!parsed.success) throw new DanasErrors(problemsIn(schemaTree(), document, parsed.error.issues));
  const { complete, known } = fill(parsed.data, filling(document, file, around));
  return { ...plan(complete, known), resolvedYaml: print(complete) };
}

/** no aliases: a reader should not have to look things up; no wrapping: architectures are long */
const print = (complete: Complete): string => stringify(complete, { aliasDuplicateObjects: false, lineWidth: 0 });

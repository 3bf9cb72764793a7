import { resolve as absolute } from "node:path";
import { DanasErrors } from "../domain/errors.js";
import type { Settings } from "../domain/settings.js";
import { type Document, readDocument } from "./document.js";
import { parseOverride, withOverrides } from "./overrides.js";
import { problemsIn } from "./problems.js";
import type { Environment } from "./resolve/context.js";
import { resolve } from "./resolve.js";
import { type Config, configSchema } from "./schema.js";

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
export function loadConfig(path: string, options: LoadOptions): Settings {
  const file = absolute(options.cwd, path);
  const document = documentOf(path, options);
  const config = checked(document);
  const { cwd, env, skipData = false } = options;
  return resolve(config, document, file, { cwd, env, skipData });
}

function documentOf(path: string, { cwd, set = [] }: LoadOptions): Document {
  const overrides = set.map(parseOverride);
  return withOverrides(readDocument(path, cwd), overrides);
}

/** the document read by the schema. @throws DanasErrors */
export function checked(document: Document): Config {
  const parsed = configSchema.safeParse(document.value);
  if (parsed.success) return parsed.data;
  throw new DanasErrors(problemsIn(configSchema, document, parsed.error.issues));
}

import { DanasError } from "../domain/errors.js";

/**
 * Of a journal's file and of what it says. Version 3 speaks the words of proto/: jobs, failures and evaluations of
 * before have others, and decisions made anew from them would differ from those that are written there.
 */
export const schemaVersion = 3;

/** the one row of `meta` */
export interface Meta {
  readonly schema: number;
  readonly plan: string;
  readonly id: string;
}

/** @throws DanasError E_JOURNAL_VERSION */
export function checkVersion({ schema }: Meta, file: string): void {
  if (schema === schemaVersion) return;
  const made = schema < schemaVersion ? "an earlier danas" : "a later danas";
  throw new DanasError(
    "E_JOURNAL_VERSION",
    `${file} was made by ${made}: its schema is ${schema}, this one knows ${schemaVersion}`,
    { hint: "run the search again under another name, or use the danas that made it" },
  );
}

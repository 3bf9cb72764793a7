/** Where in a person's file a mistake stands; line and column from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface DanasErrorOptions {
  /** what to do about it, in one line */
  readonly hint?: string;
  readonly place?: Place;
  /** 2: usage or configuration (default). 1: something failed. 75: interrupted, resumable. */
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** A problem a person can act on: shown as a code, a place, a sentence and a hint, never as a stack. */
export class DanasError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly place: Place | undefined;
  readonly exitCode: number;

  /** @param code `E_…`, stable, for scripts and searches */
  constructor(code: string, message: string, options: DanasErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DanasError";
    this.code = code;
    this.hint = options.hint;
    this.place = options.place;
    this.exitCode = options.exitCode ?? 2;
  }
}

/** Several located problems at once, as a config check finds them. */
export class DanasErrors extends Error {
  readonly errors: readonly DanasError[];
  constructor(errors: readonly DanasError[]) {
    super(errors.map((error) => `${error.code} ${error.message}`).join("\n"));
    this.name = "DanasErrors";
    this.errors = errors;
  }
}

export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

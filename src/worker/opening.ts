import { DanasError } from "../domain/errors.js";
import type { Refusal } from "../wire/generated/danas/v1/worker.js";
import type { LinkEnd } from "./link.js";

/** version of the wire; a worker that speaks another one refuses */
export const protocol = 2;

export interface Failed {
  readonly end: LinkEnd;
  readonly refusal: Refusal | null;
}

/** What is told where a session never came to be. */
export function openingError(name: string, { end, refusal }: Failed): DanasError {
  const error = (code: string, message: string, hint: string) => new DanasError(code, message, { hint, exitCode: 1 });
  const badToken = (why: string) =>
    error(
      "E_WORKER_TOKEN",
      `the worker at ${name} does not accept the token: ${why}`,
      "give both sides the same token: worker.tokenVariable names the environment variable that holds it",
    );
  const otherVersion = (why: string) =>
    error(
      "E_WORKER_PROTOCOL",
      `the worker at ${name} does not speak protocol ${protocol}: ${why}`,
      "use the same version of danas on both sides",
    );
  switch (refusal?.code) {
    case "protocol":
      return otherVersion(refusal.message);
    case "busy":
      return error(
        "E_WORKER_BUSY",
        `the worker at ${name} serves another run: ${refusal.message}`,
        "stop that run, or start another worker for this one",
      );
    case "fenced":
      return error(
        "E_WORKER_FENCED",
        `the worker at ${name} already follows a later start of this run: ${refusal.message}`,
        "another danas process resumed this run: stop it first, or leave the run to it",
      );
    case "token":
      return badToken(refusal.message);
  }
  switch (end.code) {
    case "token":
      return badToken(end.reason);
    case "protocol":
      return otherVersion(end.reason);
    case "tls":
      return error(
        "E_WORKER_TLS",
        `the certificates do not let us reach ${name}: ${end.reason}`,
        "worker.tls.ca must be the CA that signed the worker's certificate, and that must name its host",
      );
    case "start":
      return error(
        "E_WORKER_START",
        end.reason,
        "the last lines of its log stand above; `danas doctor` checks the set-up",
      );
    case "unreachable":
    case undefined:
      return error(
        "E_WORKER_UNREACHABLE",
        `no worker answers at ${name}: ${end.reason}`,
        "start it there with `python -m danas_worker --listen ADDRESS`, or let danas do it with `worker: local`",
      );
  }
}

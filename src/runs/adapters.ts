import { assertNever, DanasError } from "../domain/errors.js";
import type { Deadline, WorkerSettings } from "../domain/settings.js";
import type { Worker } from "../worker/port.js";

const deadline = ({ jobMinutes }: Deadline) =>
  jobMinutes === undefined ? {} : { jobTimeoutMs: Math.round(jobMinutes * 60_000) };

/**
 * The worker that the settings ask for. Adapters are heavy (grpc, pythonia): only the one that is used is loaded.
 * @param env where a token is looked for
 */
export async function makeWorker(
  settings: WorkerSettings,
  { env }: { readonly env: NodeJS.ProcessEnv },
): Promise<Worker> {
  switch (settings.kind) {
    case "local": {
      const { localWorker } = await import("../worker/local.js");
      return localWorker({ ...settings, ...deadline(settings) });
    }
    case "embedded": {
      const { embeddedWorker } = await import("../worker/embedded.js");
      return embeddedWorker({ ...settings, ...deadline(settings) });
    }
    case "grpc": {
      const { grpcWorker } = await import("../worker/grpc.js");
      const { address, tls, tokenVariable } = settings;
      const token = tokenVariable === null ? null : env[tokenVariable];
      if (token === undefined || token === "") {
        throw new DanasError("E_WORKER_TOKEN", `the environment variable ${tokenVariable} is not set`, {
          hint: `export ${tokenVariable}=… before calling danas`,
        });
      }
      return grpcWorker({ address, tls, token, ...deadline(settings) });
    }
    case "mock": {
      const { mockWorker } = await import("../worker/mock/worker.js");
      return mockWorker(settings);
    }
    default:
      return assertNever(settings);
  }
}

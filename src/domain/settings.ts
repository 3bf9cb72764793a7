import type { Plan } from "./plan.js";

/** A run as the command line needs it: the plan, which alone decides the search, and where and how to carry it out. */
export interface Settings {
  readonly plan: Plan;
  readonly worker: WorkerSettings;
  /** absolute */
  readonly runFolder: string;
  readonly checkpoints: CheckpointSettings;
  /** the config as resolved, in YAML, saved with the run */
  readonly resolvedYaml: string;
}

export interface CheckpointSettings {
  /** seconds between checkpoints; taken also when a run is stopped. 0 = only then. */
  readonly everySeconds: number;
  /** the last so many are kept */
  readonly keep: number;
  /** also one at the start of each round after the first, kept for good */
  readonly rounds: boolean;
}

export type WorkerSettings =
  /** danas starts the Python worker itself and owns its life */
  | ({ readonly kind: "local" } & PythonSettings & Deadline)
  | ({
      readonly kind: "grpc";
      /** `unix:/path` or `host:port` */
      readonly address: string;
      /** PEM files; null = plaintext, loopback and Unix sockets only */
      readonly tls: { readonly ca: string; readonly cert: string | null; readonly key: string | null } | null;
      /** environment variable that holds the bearer token */
      readonly tokenVariable: string | null;
    } & Deadline)
  | ({ readonly kind: "embedded" } & PythonSettings & Deadline)
  | ({ readonly kind: "mock" } & MockSettings);

export interface Deadline {
  /** a job that takes longer is taken for hung, and its worker for lost; minutes */
  readonly jobMinutes?: number;
}

export interface PythonSettings {
  /** null = the one that `npm run setup` made */
  readonly python: string | null;
  /** modules that may be imported as data factories */
  readonly allowModules: readonly string[];
  /** absolute folders where those modules are found */
  readonly pythonPath?: readonly string[];
}

/** The made-up world of the mock worker. See worker/mock. */
export interface MockSettings {
  readonly seed: number;
  /** standard deviation of the noise on accuracies */
  readonly noise: number;
  /** how fast blocks learn on the easiest and on the hardest class: time constants in epochs */
  readonly fastEpochs: number;
  readonly slowEpochs: number;
  /** images per class it claims to have, in the training split before validation is held out */
  readonly imagesPerClass: number;
  /** milliseconds that a step takes, really waited; 0 = none */
  readonly stepMs: number;
}

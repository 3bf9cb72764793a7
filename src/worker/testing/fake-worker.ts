import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerCredentials } from "@grpc/grpc-js";
import { createServer, ServerError, Status } from "nice-grpc";
import {
  type Command,
  type FromWorker,
  type Reply,
  type ToWorker,
  WorkerDefinition,
  type WorkerServiceImplementation,
} from "../generated/danas/v1/worker.js";

/** What a fake worker does where it matters to a test; each may be changed at any time. */
export interface Behaviour {
  /** how a command is answered; null = never */
  answer: (command: Command) => Reply | null;
  /** answers this instead of a welcome */
  refusal: { code: string; message: string } | null;
  /** cuts the stream right before or right after the reply to this id is sent, once */
  cut: { id: string; when: "before" | "after" } | null;
  /** sends each reply this often */
  times: number;
  /** whether pings are answered, and anything else */
  silent: boolean;
  protocol: number;
  pid: number;
}

export interface FakeWorker {
  readonly address: string;
  readonly behaviour: Behaviour;
  /** ids in the order they were carried out: answers from memory are not among them */
  readonly executed: readonly string[];
  /** every message that came, over all connections */
  readonly received: readonly ToWorker[];
  readonly hellos: number;
  /** how connections ended: `goodbye` = half-closed by the other side, `cut` = broken */
  readonly ends: readonly ("goodbye" | "cut")[];
  readonly tokens: readonly (string | undefined)[];
  close(): Promise<void>;
}

/** `train` with one step, whatever was asked */
export const trained = (id: string): Reply => ({
  id,
  result: {
    $case: "signal",
    value: { kind: { $case: "train", value: { losses: [1.5], accuracies: [0.25], samples: 8 } } },
  },
  timing: { totalMs: 4, dataMs: 1, computeMs: 2, waitMs: 0.5 },
});

/**
 * A worker in TypeScript behind a real gRPC server, that keeps the protocol where it is not told to break it: commands in
 * order, answers remembered by id.
 */
export async function startFakeWorker(
  given: Partial<Behaviour> = {},
  listen?: string,
  security?: ServerCredentials,
): Promise<FakeWorker> {
  const behaviour: Behaviour = {
    answer: ({ id }) => trained(id),
    refusal: null,
    cut: null,
    times: 1,
    silent: false,
    protocol: 1,
    pid: 4711,
    ...given,
  };
  const executed: string[] = [];
  const received: ToWorker[] = [];
  const memory = new Map<string, Reply>();
  const ends: ("goodbye" | "cut")[] = [];
  const tokens: (string | undefined)[] = [];
  let hellos = 0;

  const cutNow = (id: string, when: "before" | "after") => {
    if (behaviour.cut?.id !== id || behaviour.cut.when !== when) return;
    behaviour.cut = null;
    throw new ServerError(Status.UNAVAILABLE, "cut on purpose");
  };

  async function* replies(command: Command): AsyncGenerator<FromWorker> {
    let reply = memory.get(command.id) ?? null;
    if (!reply) {
      executed.push(command.id);
      reply = behaviour.answer(command);
      if (!reply) return;
      memory.set(command.id, reply);
    }
    cutNow(command.id, "before");
    for (let i = 0; i < behaviour.times; i++) yield { message: { $case: "reply", value: reply } };
    cutNow(command.id, "after");
  }

  const service: WorkerServiceImplementation = {
    async *session(request, context) {
      tokens.push(context.metadata.get("authorization"));
      let ended: "goodbye" | "cut" = "cut";
      try {
        for await (const { message } of request) {
          received.push({ message });
          if (behaviour.silent) continue;
          if (message?.$case === "hello") {
            hellos++;
            if (behaviour.refusal) {
              yield { message: { $case: "refusal", value: behaviour.refusal } };
              return;
            }
            yield { message: { $case: "welcome", value: welcome(behaviour) } };
          } else if (message?.$case === "ping") {
            yield { message: { $case: "pong", value: { sequence: message.value.sequence, busyWith: "" } } };
          } else if (message?.$case === "command") {
            yield* replies(message.value);
          }
        }
        ended = "goodbye";
      } finally {
        ends.push(ended);
      }
    },
  };

  const folder = mkdtempSync(join(tmpdir(), "danas-fake-"));
  const server = createServer();
  server.add(WorkerDefinition, service);
  const address = listen ?? `unix:${join(folder, "worker.sock")}`;
  const port = await server.listen(address, security);
  return {
    address: address.startsWith("unix:") ? address : address.replace(/:0$/, `:${port}`),
    behaviour,
    executed,
    received,
    ends,
    tokens,
    get hellos() {
      return hellos;
    },
    async close() {
      server.forceShutdown();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const welcome = ({ protocol, pid }: Behaviour) => ({
  protocol,
  workerVersion: "0.0.0-fake",
  pythonVersion: "3.12.1",
  torchVersion: "",
  host: "fake-host",
  pid,
  devices: ["cpu"],
  telemetry: "",
  mock: true,
  versions: { numpy: "2.0.0" },
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Command } from "../../wire/generated/danas/v1/job.js";
import type { Reply } from "../../wire/generated/danas/v1/signal.js";
import {
  FromWorker,
  type Refusal,
  ToWorker,
  type Welcome,
  WorkerDefinition,
} from "../../wire/generated/danas/v1/worker.js";
import { protocol } from "../opening.js";

/** What a fake worker does where it matters to a test; each may be changed at any time. */
export interface Behaviour {
  /** how a command is answered; null = never */
  answer: (command: Command) => Reply | null;
  /** answers this instead of a welcome */
  refusal: Refusal | null;
  /** cuts the stream right before or right after the reply to this id is sent, once */
  cut: { id: string; when: "before" | "after" } | null;
  /** sends each reply this often */
  times: number;
  /** whether pings are answered, and anything else */
  silent: boolean;
  protocol: number;
  pid: number;
  /** how a message becomes bytes: a later version may say what this one does not know */
  encode: (message: FromWorker) => Uint8Array;
}

export interface FakeWorker {
  readonly address: string;
  readonly behaviour: Behaviour;
  /** ids in the order they were carried out: answers from memory are not among them */
  readonly executed: readonly string[];
  /** every message that came, over all connections */
  readonly received: readonly ToWorker[];
  readonly hellos: number;
  /** how connections ended: with a goodbye, or without */
  readonly ends: readonly ("goodbye" | "cut")[];
  readonly tokens: readonly (string | undefined)[];
  close(): Promise<void>;
}

/** `train` with one step, whatever was asked */
export const trained = (id: string): Reply => ({
  id,
  answer: { $case: "train", value: { losses: [1.5], accuracies: [0.25], samples: 8 } },
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
    protocol,
    pid: 4711,
    encode: (message) => FromWorker.encode(message).finish(),
    ...given,
  };
  const executed: string[] = [];
  const received: ToWorker[] = [];
  const memory = new Map<string, Reply>();
  const ends: ("goodbye" | "cut")[] = [];
  const tokens: (string | undefined)[] = [];
  let hellos = 0;

  const isCut = (id: string, when: "before" | "after"): boolean => {
    if (behaviour.cut?.id !== id || behaviour.cut.when !== when) return false;
    behaviour.cut = null;
    return true;
  };

  /** @returns whether the stream is to be cut now */
  const carryOut = (command: Command, say: (message: FromWorker["message"]) => void): boolean => {
    let reply = memory.get(command.id) ?? null;
    if (!reply) {
      executed.push(command.id);
      reply = behaviour.answer(command);
      if (!reply) return false;
      memory.set(command.id, reply);
    }
    if (isCut(command.id, "before")) return true;
    for (let i = 0; i < behaviour.times; i++) say({ $case: "reply", value: reply });
    return isCut(command.id, "after");
  };

  const session = (call: ServerDuplexStream<ToWorker, FromWorker>): void => {
    tokens.push(call.metadata.get("authorization")[0]?.toString());
    let ended: "goodbye" | "cut" = "cut";
    const say = (message: FromWorker["message"]) => call.write({ message });
    // what was written before goes out first
    const cut = (details: string) => call.emit("error", { code: status.UNAVAILABLE, details });
    call.on("data", ({ message }: ToWorker) => {
      received.push({ message });
      if (behaviour.silent) return;
      if (message?.$case === "hello") {
        hellos++;
        say(
          behaviour.refusal
            ? { $case: "refusal", value: behaviour.refusal }
            : { $case: "welcome", value: welcome(behaviour) },
        );
        if (behaviour.refusal) call.end();
      } else if (message?.$case === "ping") {
        say({ $case: "pong", value: { sequence: message.value.sequence, busyWith: "" } });
      } else if (message?.$case === "goodbye") {
        ended = "goodbye";
      } else if (message?.$case === "command") {
        try {
          if (carryOut(message.value, say)) cut("cut on purpose");
        } catch (error) {
          cut((error as Error).message);
        }
      }
    });
    call.on("end", () => call.end());
    call.on("close", () => ends.push(ended));
    call.on("error", () => undefined);
  };

  const folder = mkdtempSync(join(tmpdir(), "danas-fake-"));
  const server = new Server();
  const { fullName, methods } = WorkerDefinition;
  const wire = {
    requestSerialize: (message: ToWorker) => Buffer.from(ToWorker.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => ToWorker.decode(bytes),
    responseSerialize: (message: FromWorker) => Buffer.from(behaviour.encode(message)),
    responseDeserialize: (bytes: Buffer) => FromWorker.decode(bytes),
  };
  const path = `/${fullName}/${methods.session.name}`;
  server.addService({ session: { path, requestStream: true, responseStream: true, ...wire } }, { session });
  const address = listen ?? `unix:${join(folder, "worker.sock")}`;
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, security ?? ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
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

const welcome = ({ protocol, pid }: Behaviour): Welcome => ({
  protocol,
  workerVersion: "0.0.0-fake",
  pythonVersion: "3.12.1",
  torchVersion: "",
  host: "fake-host",
  pid,
  devices: ["cpu"],
  telemetry: "",
  telemetryKey: "",
  mock: true,
  versions: { numpy: "2.0.0" },
});

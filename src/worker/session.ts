import type { NumberedJob } from "../domain/job.js";
import { limitWords } from "../util/units.js";
import type { Command } from "../wire/generated/danas/v1/job.js";
import type { Reply } from "../wire/generated/danas/v1/signal.js";
import type {
  FromWorker,
  Refusal,
  ToWorker,
  Hello as WireHello,
  Welcome as WireWelcome,
} from "../wire/generated/danas/v1/worker.js";
import { toWire } from "../wire/words.js";
import { checkpointOutcomeOf, outcomeOf, restoreOutcomeOf, welcomeOf } from "./door.js";
import type { Connect, Link, LinkEnd } from "./link.js";
import { type Failed, openingError, protocol } from "./opening.js";
import {
  type CheckpointOutcome,
  type Hello,
  type Outcome,
  type RestoreOutcome,
  type Welcome,
  WorkerLost,
  type WorkerSession,
} from "./port.js";
import type { Watching } from "./watching.js";

export interface SessionOptions {
  readonly connect: Connect;
  /** who is spoken to, for messages: `unix:/…`, `the embedded worker` */
  readonly name: string;
  /** until the first welcome must have come; a worker that is not there yet is tried again within it */
  readonly welcomeTimeoutMs: number;
  /**
   * A ping every so often; a worker from which nothing came for `timeoutMs` is taken for lost. null = the link
   * itself notices, as with a child process.
   */
  readonly heartbeat: { readonly everyMs: number; readonly timeoutMs: number } | null;
  /** pauses before each attempt to connect again after a cut; the count starts anew with each answer */
  readonly reconnectAfterMs: readonly number[];
  /**
   * Longest that one command may take, from when it is the next to be answered. A worker whose thread of work hangs
   * still answers pings: only the clock tells it from one that works. null = the link itself notices.
   */
  readonly jobTimeoutMs?: number | null;
  /** how telemetry is watched from here; without, at the endpoint that the worker names */
  readonly watching?: Watching;
  /** the session ended otherwise than by a goodbye */
  readonly onLost?: () => void;
  /** aborts, with a sentence as its reason, when the worker's process is known to be dead */
  readonly death?: AbortSignal;
}

/**
 * Opens a session over links.
 *
 * A cut inside a session is healed where it can be: a new link, the same incarnation, and what is unanswered is sent
 * again. The worker answers from memory what it has done, so nothing runs twice. Where another process answers than before,
 * that memory is gone: the session is lost, and the run restores a checkpoint.
 * @throws DanasError E_WORKER_UNREACHABLE, E_WORKER_PROTOCOL, …: with a way on
 */
export async function openSession(hello: Hello, options: SessionOptions): Promise<WorkerSession> {
  const session = new Session(hello, options);
  await session.open();
  return session;
}

/** an evaluation of a large data set on a slow machine takes its time; a job that takes an hour should be looked at */
export const defaultJobTimeoutMs = 3_600_000;

/** between attempts while a worker that was just started is not there yet */
const retryOpeningMs = 200;

/** a command on its way; settled in the order of the calls */
interface Pending {
  readonly id: string;
  readonly message: ToWorker;
  settle(reply: Reply): void;
  reject(error: WorkerLost): void;
  reply: Reply | null;
}

/** where a session stands; only "open" has a link that commands go to */
type Standing =
  | { readonly at: "connecting" }
  | { readonly at: "open"; readonly link: Link }
  | { readonly at: "over"; readonly loss: WorkerLost };

class Session implements WorkerSession {
  readonly #hello: Hello;
  readonly #options: SessionOptions;
  readonly #pending = new Map<string, Pending>();
  #standing: Standing = { at: "connecting" };
  #firstWelcome: WireWelcome | null = null;
  #welcome: Welcome | null = null;
  #heartbeat: NodeJS.Timeout | null = null;
  #heardAt = 0;
  #checkpoints = 0;
  #restores = 0;
  /** attempts to connect again since the last answer: a worker that fails over the same command is not asked for ever */
  #attempts = 0;
  /** ends a pause before a reconnect at once */
  #wake: () => void = () => {};
  #closed: Promise<void> | null = null;
  /** runs while a command is unanswered */
  #deadline: NodeJS.Timeout | null = null;
  /** the link being made, which a close must cut */
  #making: Link | null = null;

  constructor(hello: Hello, options: SessionOptions) {
    this.#hello = hello;
    this.#options = options;
  }

  get welcome(): Welcome {
    return this.#welcome!;
  }

  async open(): Promise<void> {
    const { welcomeTimeoutMs, death } = this.#options;
    const deadline = performance.now() + welcomeTimeoutMs;
    const left = () => deadline - performance.now();
    let made = await this.#connectOnce(welcomeTimeoutMs);
    while (made.kind === "failed" && made.end.again && left() > retryOpeningMs && !death?.aborted) {
      await this.#pause(retryOpeningMs);
      made = await this.#connectOnce(left());
    }
    if (made.kind === "failed") throw openingError(this.#options.name, made);
    this.#firstWelcome = made.welcome;
    this.#welcome = { ...welcomeOf(made.welcome), ...this.#options.watching?.reach(made.welcome) };
    this.#adopt(made);
    if (death?.aborted) this.#die();
    else death?.addEventListener("abort", this.#die);
  }

  readonly #die = (): void => {
    void this.#end(new WorkerLost(String(this.#options.death?.reason)), "cut");
  };

  submit(job: NumberedJob): Promise<Outcome> {
    return this.#command(`job-${job.id}`, toWire<Command["job"]>(job.job), (reply) => outcomeOf(job, reply));
  }

  checkpoint(path: string, kept: readonly string[] | null = null): Promise<CheckpointOutcome> {
    const value = { path, kept: kept && { paths: kept } };
    return this.#command(`checkpoint-${++this.#checkpoints}`, { $case: "checkpoint", value }, checkpointOutcomeOf);
  }

  restore(path: string, sha256: string): Promise<RestoreOutcome> {
    const value = { path, sha256 };
    return this.#command(`restore-${++this.#restores}`, { $case: "restore", value }, restoreOutcomeOf);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end(new WorkerLost("the session was closed"), "goodbye");
    return this.#closed;
  }

  #command<T>(id: string, job: Command["job"], read: (reply: Reply) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#standing.at === "over") {
        reject(this.#standing.loss);
        return;
      }
      const message: ToWorker = { message: { $case: "command", value: { id, job } } };
      const settle = (reply: Reply) => {
        try {
          resolve(read(reply));
        } catch (error) {
          const loss = new WorkerLost(`the worker's answer to ${id} makes no sense: ${(error as Error).message}`);
          reject(loss);
          void this.#end(loss, "cut");
        }
      };
      if (this.#pending.has(id)) {
        reject(new Error(`${id} is already on its way`));
        return;
      }
      this.#pending.set(id, { id, message, settle, reject, reply: null });
      if (this.#pending.size === 1) this.#watchFirst();
      if (this.#standing.at === "open") this.#standing.link.send(message);
    });
  }

  // ---- links ----------------------------------------------------------------------------------------------------------

  /** One attempt: a link, the hello, and what is said to it. */
  #connectOnce(timeoutMs: number): Promise<Attempt> {
    const { death } = this.#options;
    return new Promise((resolve) => {
      let settled = false;
      let ended: LinkEnd | null = null;
      let link: Link | null = null;
      const settle = (attempt: Attempt) => {
        settled = true;
        clearTimeout(timer);
        death?.removeEventListener("abort", dead);
        this.#making = null;
        if (attempt.kind === "failed") void link?.close("cut");
        resolve(attempt);
      };
      const fail = (end: LinkEnd, refusal: Refusal | null = null) => settle({ kind: "failed", end, refusal });
      const dead = () => fail({ reason: String(death?.reason), again: false, code: "start" });
      death?.addEventListener("abort", dead);
      const timer = setTimeout(
        () => fail({ reason: `it did not say welcome within ${timeoutMs / 1000} s`, again: true }),
        timeoutMs,
      );
      link = this.#options.connect({
        onMessage: ({ message }) => {
          if (settled) {
            this.#hear(link!, message);
          } else if (message?.$case === "welcome" && message.value.protocol === protocol) {
            settle({ kind: "made", link: link!, welcome: message.value, ended: () => ended });
          } else if (message?.$case === "welcome") {
            fail({ reason: "", again: false }, { code: "protocol", message: `it speaks ${message.value.protocol}` });
          } else if (message?.$case === "refusal") {
            fail({ reason: `refused: ${message.value.message}`, again: false }, message.value);
          } else {
            fail({ reason: "what answers is no danas worker", again: false, code: "unreachable" });
          }
        },
        onEnd: (end) => {
          ended = end;
          if (!settled) fail(end);
          else if (this.#standing.at === "open" && this.#standing.link === link) void this.#reconnect(end);
        },
      });
      this.#making = link;
      link.send({ message: { $case: "hello", value: this.#wireHello() } });
    });
  }

  #wireHello(): WireHello {
    return { protocol, ...this.#hello, telemetryKey: this.#options.watching?.publicKey ?? "" };
  }

  #adopt({ link, ended }: Made): void {
    this.#standing = { at: "open", link };
    const alreadyEnded = ended();
    if (alreadyEnded) {
      void this.#reconnect(alreadyEnded);
      return;
    }
    for (const { message } of this.#pending.values()) link.send(message);
    const { heartbeat } = this.#options;
    if (!heartbeat) return;
    this.#heardAt = performance.now();
    let sequence = 0;
    let beatAt = performance.now();
    this.#heartbeat = setInterval(() => {
      const now = performance.now();
      // a laptop that slept, or our own event loop held up: silence that we could not have heard does not count
      if (now - beatAt > 2 * heartbeat.everyMs) this.#heardAt = now;
      beatAt = now;
      if (now - this.#heardAt > heartbeat.timeoutMs) {
        void this.#reconnect({ reason: `nothing heard for ${heartbeat.timeoutMs / 1000} s`, again: true });
      } else {
        link.send({ message: { $case: "ping", value: { sequence: ++sequence } } });
      }
    }, heartbeat.everyMs);
    this.#heartbeat.unref();
  }

  /** A link was cut under an open session: try to get another one to the same process. */
  async #reconnect(end: LinkEnd): Promise<void> {
    if (this.#standing.at !== "open") return;
    const { link } = this.#standing;
    this.#standing = { at: "connecting" };
    this.#stopHeartbeat();
    void link.close("cut");
    let reason = end.reason;
    let again = end.again;
    const { reconnectAfterMs, welcomeTimeoutMs } = this.#options;
    while (again && this.#attempts < reconnectAfterMs.length) {
      await this.#pause(reconnectAfterMs[this.#attempts++]);
      if (this.#isOver()) return;
      const attempt = await this.#connectOnce(welcomeTimeoutMs);
      if (this.#isOver()) {
        if (attempt.kind === "made") void attempt.link.close("cut");
        return;
      }
      if (attempt.kind === "failed") {
        ({ reason, again } = attempt.end);
        continue;
      }
      if (!sameProcess(attempt.welcome, this.#firstWelcome!)) {
        void attempt.link.close("cut");
        reason = `${end.reason}; another worker process answers now`;
        break;
      }
      this.#adopt(attempt);
      return;
    }
    await this.#end(new WorkerLost(reason), "cut");
  }

  #isOver(): boolean {
    return this.#standing.at === "over";
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #hear(from: Link, message: FromWorker["message"]): void {
    if (this.#standing.at !== "open" || this.#standing.link !== from) return;
    this.#heardAt = performance.now();
    switch (message?.$case) {
      case "reply":
        this.#answered(message.value);
        return;
      case "refusal":
        void this.#end(new WorkerLost(`the worker let us go: ${message.value.message}`), "cut");
        return;
      default: // a pong, or a kind of a later version: being alive is all it says
        return;
    }
  }

  #answered(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    // answered a second time, after a reconnect: the first answer stands
    if (!pending) return;
    this.#attempts = 0;
    pending.reply ??= reply;
    // promises settle in the order of the calls, even where a refused command is answered ahead of a running one
    for (const first of this.#pending.values()) {
      if (!first.reply) return;
      this.#pending.delete(first.id);
      this.#watchFirst();
      first.settle(first.reply);
    }
  }

  /** The command that is to be answered next has its time from now on. */
  #watchFirst(): void {
    if (this.#deadline) clearTimeout(this.#deadline);
    this.#deadline = null;
    const { jobTimeoutMs } = this.#options;
    const first = this.#pending.values().next();
    if (!jobTimeoutMs || first.done || this.#isOver()) return;
    const { id } = first.value;
    const late = () =>
      void this.#end(new WorkerLost(`${id} was not answered within ${limitWords(jobTimeoutMs)}`), "cut");
    this.#deadline = setTimeout(late, jobTimeoutMs);
    this.#deadline.unref();
  }

  // ---- the end --------------------------------------------------------------------------------------------------------

  async #end(loss: WorkerLost, how: "goodbye" | "cut"): Promise<void> {
    const before = this.#standing;
    if (before.at === "over") return;
    this.#standing = { at: "over", loss };
    this.#stopHeartbeat();
    if (this.#deadline) clearTimeout(this.#deadline);
    this.#wake();
    if (how === "cut") this.#options.onLost?.();
    this.#options.death?.removeEventListener("abort", this.#die);
    const open = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of open) pending.reject(loss);
    await Promise.all([this.#making?.close("cut"), before.at === "open" ? before.link.close(how) : undefined]);
  }

  #stopHeartbeat(): void {
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }
}

interface Made {
  readonly kind: "made";
  readonly link: Link;
  readonly welcome: WireWelcome;
  /** the link's end, should it have come between the welcome and now */
  ended(): LinkEnd | null;
}

type Attempt = Made | ({ readonly kind: "failed" } & Failed);

const sameProcess = (a: WireWelcome, b: WireWelcome): boolean => a.pid === b.pid && a.host === b.host;

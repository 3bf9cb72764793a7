import { FromWorker, type ToWorker } from "../wire/generated/danas/v1/worker.js";

/**
 * One connection that carries messages in order, whatever is underneath: a gRPC stream, a bridge into an embedded
 * Python. Sessions (session.ts) are made of links; a link that broke is never used again.
 */
export interface Link {
  /** queued at once; after the end it does nothing */
  send(message: ToWorker): void;
  /**
   * Ends it. `goodbye` lets what was sent arrive and tells the other side that it was meant; without, it is cut.
   * Resolves when nothing is left open. May be called twice.
   */
  close(how: "goodbye" | "cut"): Promise<void>;
}

export interface LinkHandlers {
  onMessage(message: FromWorker): void;
  /** called at most once, and not after `close`; nothing follows it */
  onEnd(end: LinkEnd): void;
}

export interface LinkEnd {
  readonly reason: string;
  /** whether another link might do better; false where the worker is dead or will not have us */
  readonly again: boolean;
  /** what to tell a person where the link never came to be */
  readonly code?: "unreachable" | "token" | "tls" | "start" | "protocol";
}

/** makes a link; what goes wrong is told by `onEnd` */
export type Connect = (handlers: LinkHandlers) => Link;

/** What came, read. A kind of message, a code or a number that a later version made up does not get better by a new link. */
export function readMessage(
  bytes: Uint8Array,
  { onMessage }: Pick<LinkHandlers, "onMessage">,
  end: (how: LinkEnd) => void,
) {
  let message: FromWorker;
  try {
    message = FromWorker.decode(bytes);
  } catch (error) {
    const why = (error as Error).message;
    end({ reason: `what the worker says cannot be read here: ${why}`, again: false, code: "protocol" });
    return;
  }
  onMessage(message);
}

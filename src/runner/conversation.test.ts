import { describe, expect, it } from "vitest";
import type { Decision } from "../domain/decision.js";
import type { Job, NumberedJob } from "../domain/job.js";
import { type Command, Conversation } from "./conversation.js";

const job = (id: number, kind: Job["kind"] = "train"): NumberedJob => ({ id, job: { kind } as Job });
const issue = (id: number, kind?: Job["kind"]): Decision => ({ type: "issue", ...job(id, kind) });
const opening = (round: number) => ({ type: "open-round", round }) as Decision;

const settings = { everySeconds: 10, keep: 2, rounds: true };
const withModel = (changes: Partial<typeof settings> = {}) =>
  new Conversation({ hasModel: true, lastJob: 4 }, { ...settings, ...changes }, 0);

/** `5` a job, `after-5@5` a checkpoint and the job it holds, `!` the last */
const words = (commands: readonly Command[]): string =>
  commands
    .map((command) =>
      command.kind === "job"
        ? command.job.id
        : `${command.path.replace(/checkpoints\/(.*)\.pt/, "$1")}@${command.afterJob}${command.last ? "!" : ""}`,
    )
    .join(" ");

describe("a conversation with a worker", () => {
  it("asks for what was decided, and at a new round for a checkpoint before it", () => {
    const conversation = withModel();
    expect(words(conversation.goOn([issue(5), issue(6)]))).toBe("5 6");
    expect(words(conversation.goOn([opening(1), issue(7)]))).toBe("round-1@6 7");
  });

  it("asks for none at the first round, nor where none are wanted", () => {
    expect(words(withModel().goOn([opening(0), issue(5)]))).toBe("5");
    expect(words(withModel({ rounds: false }).goOn([opening(1), issue(5)]))).toBe("5");
  });

  it("asks for a checkpoint after so many seconds, behind the jobs", () => {
    const conversation = withModel();
    conversation.hearAnswer(9_999);
    expect(words(conversation.goOn([issue(5)]))).toBe("5");
    conversation.hearAnswer(10_000);
    expect(words(conversation.goOn([issue(6)]))).toBe("6 after-6@6");
    conversation.hearAnswer(19_999);
    expect(words(conversation.goOn([issue(7)]))).toBe("7");
    conversation.hearAnswer(20_000);
    expect(words(conversation.goOn([]))).toBe("after-7@7");
  });

  it("asks for them less often where they are slow: they take 1.5 % of the time", () => {
    const conversation = withModel();
    conversation.hearAnswer(10_000);
    expect(words(conversation.goOn([]))).toBe("after-4@4");
    // from the answer before on
    conversation.hearCheckpoint(13_000);
    conversation.hearAnswer(209_999);
    expect(words(conversation.goOn([]))).toBe("");
    conversation.hearAnswer(210_000);
    expect(words(conversation.goOn([]))).toBe("after-4@4");
  });

  it("asks for none by the clock where that is off", () => {
    const conversation = withModel({ everySeconds: 0 });
    conversation.hearAnswer(1e9);
    expect(words(conversation.goOn([issue(5)]))).toBe("5");
  });

  it("has no weights to keep before a model is asked for", () => {
    const conversation = new Conversation({ hasModel: false, lastJob: -1 }, settings, 0);
    expect(words(conversation.submit([job(0, "inspect")]))).toBe("0");
    conversation.hearAnswer(60_000);
    expect(words(conversation.goOn([opening(1), issue(1, "prepare")]))).toBe("1 after-1@1");
    expect(conversation.hasModel).toBe(true);
  });

  it("asks, once it stops, for one last checkpoint and for nothing more", () => {
    const conversation = withModel();
    conversation.submit([job(5)]);
    expect(words(conversation.stop())).toBe("after-5@5!");
    expect(words(conversation.stop())).toBe("");
    conversation.hearAnswer(60_000);
    expect(words(conversation.goOn([opening(1), issue(6)]))).toBe("");
    expect(conversation.stopping).toBe(true);
  });

  it("stops without a checkpoint where there is no model", () => {
    const conversation = new Conversation({ hasModel: false, lastJob: -1 }, settings, 0);
    expect(words(conversation.stop())).toBe("");
    expect(conversation.stopping).toBe(true);
  });
});

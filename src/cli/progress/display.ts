import type { Io } from "../io.js";
import type { Live } from "./live.js";
import { renderLine, renderPanel } from "./render.js";

/** Shows a run while it goes on. Between `begin` and `end` it owns standard error: notices go through `say`. */
export interface Display {
  say(line: string): void;
  end(): void;
}

const lineEveryMs = 15_000;
const panelEveryMs = 200;

export async function beginDisplay(live: Live, io: Io): Promise<Display> {
  return io.animated ? panel(live, io) : lines(live, io);
}

/** one line at each new thing the run does, else every quarter of a minute */
function lines(live: Live, io: Io): Display {
  let toldAt = 0;
  let told = "";
  const look = () => {
    const now = Date.now();
    const view = live.view(now);
    const doing = `${view.program} ${doingWords(view.progress?.label ?? "")}`;
    if (view.progress === null && told === "") return;
    if (doing === told && now - toldAt < lineEveryMs) return;
    if (doing !== told && now - toldAt < 2_000) return;
    told = doing;
    toldAt = now;
    io.err(`${renderLine(view)}\n`);
  };
  const timer = setInterval(look, 500);
  return { say: (line) => io.err(`${line}\n`), end: () => clearInterval(timer) };
}

/** `reference 1 of 2, epoch 3 of 20` is one thing to do, not twenty */
const doingWords = (label: string): string => label.replace(/,? ?epoch .*/, "");

async function panel(live: Live, io: Io): Promise<Display> {
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(process.stderr, { showCursor: true });
  const timer = setInterval(() => update(renderPanel(live.view(Date.now()), io.width(), io.colors)), panelEveryMs);
  return {
    say(line) {
      update.clear();
      io.err(`${line}\n`);
    },
    end() {
      clearInterval(timer);
      update.clear();
      update.done();
    },
  };
}

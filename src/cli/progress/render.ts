import type { Progress } from "../../domain/program.js";
import { countWords, duration, percent } from "../../util/format.js";
import type { Colors } from "../io.js";
import type { View } from "./live.js";

/** One plain line: for logs, and wherever nothing can be written over. */
export function renderLine(view: View): string {
  const { program, progress, mock } = view;
  const parts = [
    program ? `${program}: ${progress?.label ?? ""}` : "opening the data",
    ...(progress ? [...standing(program, progress), percent(shareDone(progress), 0)] : []),
    ...numbers(view),
  ];
  return `${mock ? "MOCK " : ""}${parts.filter((part) => part !== "").join(", ")}`;
}

/** Two lines for a terminal: where the search stands, and how fast it goes. */
export function renderPanel(view: View, width: number, colors: Colors): string {
  const { program, progress } = view;
  if (!program || !progress) return colors.dim("opening the data…");
  const title = [colors.bold(program), colors.cyan(progress.label), ...standing(program, progress)].join("  ");
  const done = shareDone(progress);
  const text = `${percent(done, 0).padStart(5)}  ${numbers(view).join("  ")}`;
  const room = Math.max(0, Math.min(30, width - text.length - 4));
  const filled = Math.round(done * room);
  const bar = room >= 8 ? `${colors.green("━".repeat(filled))}${colors.dim("─".repeat(room - filled))} ` : "";
  return `${view.mock ? colors.yellow("MOCK: made-up numbers  ") : ""}${title}\n${bar}${text}`;
}

function standing(program: View["program"], { classes, alive, candidates }: Progress): string[] {
  const said = [`${countWords(classes)} classes`];
  if (program === "search") said.push(`${countWords(alive)} of ${countWords(candidates)} candidates alive`);
  return said;
}

function numbers({ loss, samplesPerSecond, split, leftMs }: View): string[] {
  const said: string[] = [];
  if (loss !== null) said.push(`loss ${loss.toFixed(3)}`);
  if (samplesPerSecond !== null) said.push(`${countWords(Math.round(samplesPerSecond))} images/s`);
  if (split)
    said.push(
      `time: data ${percent(split.data, 0)} compute ${percent(split.compute, 0)} wait ${percent(split.wait, 0)}`,
    );
  if (leftMs !== null) said.push(`${duration(leftMs)} left`);
  return said;
}

const shareDone = ({ stepsDone, stepsTotal }: Progress): number =>
  stepsTotal > 0 ? Math.min(1, stepsDone / stepsTotal) : 0;

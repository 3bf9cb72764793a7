import type { ProgramEffort } from "../../story/chronicle.js";
import type { Story } from "../../story/story.js";
import { amount, bytesWords, countWords, duration, share } from "../../util/format.js";
import { sum } from "../../util/numeric.js";
import { type Html, html, nothing } from "./markup.js";
import { bar, key, section, table } from "./parts.js";

const kinds = [
  { colour: "var(--k5)", label: "computing" },
  { colour: "var(--k3)", label: "data" },
  { colour: "var(--k9)", label: "other work of the worker" },
  { colour: "var(--warm)", label: "worker waiting for a job" },
  { colour: "var(--fixed)", label: "starting, catching up, between jobs" },
] as const;

/** A program's wall time by what it went to. The worker's own clock and ours need not agree to the millisecond. */
function timeParts(effort: ProgramEffort): number[] {
  const { wallMs, workerMs, dataMs, computeMs, waitMs } = effort;
  const other = Math.max(0, workerMs - dataMs - computeMs);
  // a job's wait overlaps the job before it where jobs are queued: only what the wall clock has room for is shown
  const waiting = Math.min(waitMs, Math.max(0, wallMs - workerMs));
  return [computeMs, dataMs, other, waiting, Math.max(0, wallMs - workerMs - waiting)];
}

export function spendingSection(story: Story): Html {
  const programs = story.effort.programs.filter(({ jobs, wallMs }) => jobs > 0 || wallMs > 0);
  if (programs.length === 0) return nothing;
  const longest = Math.max(1, ...programs.map((effort) => sum(timeParts(effort))));
  return section(
    {
      id: "spent",
      title: "Time and samples",
      about:
        "Pauses between sessions are left out, and so is what a resume had to compute again. MACs count the forward pass of images that were trained on; the backward pass costs about twice as much again.",
    },
    html`${key(kinds)}<div class="bars">${programs.map((effort) => {
      const parts = timeParts(effort);
      return html`<span class="name">${programName(effort.program)}</span>${bar(
        parts.map((part, index) => ({ share: part / longest, colour: kinds[index].colour })),
        `${programName(effort.program)}: ${parts.map((part, index) => `${kinds[index].label} ${duration(part)}`).join(", ")}`,
      )}<span class="nowrap">${duration(effort.wallMs)}</span>`;
    })}</div>${table(
      "By program",
      [
        { head: "program", of: ({ program }) => programName(program) },
        { head: "time", of: ({ wallMs }) => duration(wallMs), number: true },
        {
          head: "computing",
          of: ({ computeMs, workerMs }) => (workerMs > 0 ? share(computeMs / workerMs) : "–"),
          number: true,
        },
        { head: "jobs", of: ({ jobs }) => countWords(jobs), number: true },
        { head: "weight steps", of: ({ weightSteps }) => countWords(weightSteps), number: true },
        { head: "gate steps", of: ({ gateSteps }) => countWords(gateSteps), number: true },
        { head: "images", of: ({ samples }) => amount(samples), number: true },
        { head: "MACs", of: ({ macs }) => amount(macs), number: true },
      ],
      programs,
    )}${
      story.effort.bytesFreed > 0 &&
      html`<p class="soft small" style="margin-top:10px">Pruning freed ${bytesWords(story.effort.bytesFreed)} of the worker's memory.</p>`
    }`,
  );
}

const programName = (program: string): string => (program === "inspect" ? "open the data" : program);

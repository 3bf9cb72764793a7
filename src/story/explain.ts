import { DanasError } from "../domain/errors.js";
import { amount, countWords, finePercent, listed, plural, significant } from "../util/format.js";
import type { CandidateStory, SlotStory, Story } from "./story.js";
import { budgetReason, isForBudget, marginWords, mockNotice, narrowest, roundName, scoreWords } from "./telling.js";

/** Why the search decided as it did: about one candidate, one slot, or the whole run. Plain JSON. */
export type Explanation =
  | ({ readonly kind: "candidate" } & Said & CandidateExplanation)
  | ({ readonly kind: "slot" } & Said & { readonly slot: string; readonly candidates: readonly CandidateExplanation[] })
  | ({ readonly kind: "run" } & Said & {
        readonly rounds: readonly RoundExplanation[];
        /** the narrowest cuts of the run, narrowest first */
        readonly closest: readonly CandidateExplanation[];
      });

interface Said {
  readonly run: string;
  readonly mock: boolean;
  readonly strategy: string;
}

export interface CandidateExplanation extends CandidateStory {
  readonly slot: string;
  /** MACs of the slot's cheapest and dearest candidate, to see this one between them */
  readonly slotMacs: readonly [least: number, most: number];
  /** of a cut one: the weakest that stayed */
  readonly survivor: string | null;
  readonly criterion: string;
  /** names of the classes in the data when it was cut; of one not cut, in the last round */
  readonly classes: readonly string[];
  /** at the end of each snapshot, up to the cut */
  readonly trajectory: readonly (readonly [epoch: number, probability: number])[];
  /** place among the slot's candidates by probability at that moment, 1 = likeliest; null where there is no probability */
  readonly place: { readonly of: number; readonly at: number } | null;
}

interface RoundExplanation {
  readonly round: number;
  readonly name: string;
  readonly classes: number;
  readonly epochs: number;
  readonly cuts: number;
  readonly alive: number | null;
}

export interface ExplainOptions {
  /** a slot's name, `3.2`, or its number from 1 */
  readonly slot?: string;
  /** a candidate's name; only with a slot */
  readonly candidate?: string;
}

/** @throws DanasError E_SLOT_UNKNOWN, E_CANDIDATE_UNKNOWN, E_SLOT_MISSING with what there is */
export function explain(story: Story, { slot, candidate }: ExplainOptions = {}): Explanation {
  const said = { run: story.run, mock: story.mock, strategy: story.asked.strategy.name };
  if (slot === undefined) {
    if (candidate !== undefined) {
      throw new DanasError("E_SLOT_MISSING", `candidate "${candidate}" of which slot?`, {
        hint: `name it as SLOT:${candidate}; the slots are ${slotNames(story)}`,
      });
    }
    return { kind: "run", ...said, rounds: story.rounds.map(roundOf), closest: closestCuts(story, 8) };
  }
  const at = slotIndex(story, slot);
  const { candidates, name } = story.slots[at];
  if (candidate === undefined) {
    return { kind: "slot", ...said, slot: name, candidates: candidates.map((_, index) => explained(story, at, index)) };
  }
  const index = candidates.findIndex((one) => one.name === candidate);
  if (index < 0) {
    throw new DanasError("E_CANDIDATE_UNKNOWN", `slot ${name} has no candidate "${candidate}"`, {
      hint: `it has ${listed(candidates.map((one) => one.name))}`,
    });
  }
  return { kind: "candidate", ...said, ...explained(story, at, index) };
}

const slotNames = ({ slots }: Story): string => listed(slots.map(({ name }) => name));

function slotIndex(story: Story, wanted: string): number {
  const named = story.slots.findIndex(({ name }) => name === wanted);
  if (named >= 0) return named;
  const number = /^\d+$/.test(wanted) ? Number(wanted) : 0;
  if (number >= 1 && number <= story.slots.length) return number - 1;
  throw new DanasError("E_SLOT_UNKNOWN", `the space has no slot "${wanted}"`, { hint: `it has ${slotNames(story)}` });
}

function explained(story: Story, at: number, index: number): CandidateExplanation {
  const slot: SlotStory = story.slots[at];
  const candidate = slot.candidates[index];
  const { fate } = candidate;
  const prune = fate.kind === "cut" ? story.prunes.find(({ round }) => round === fate.round) : undefined;
  const round =
    fate.kind === "cut" ? story.rounds.findLast((opened) => opened.round === fate.round) : story.rounds.at(-1);
  // the snapshot after a cut is of the same epoch, but the candidate has no part in it any more
  const lived = story.snapshots.filter(({ alive }) => alive[at].includes(index));
  const macs = slot.candidates.map((one) => one.macs);
  const standing = lived.at(-1)?.probabilities[at];
  return {
    ...candidate,
    slot: slot.name,
    slotMacs: [Math.min(...macs), Math.max(...macs)],
    survivor: fate.kind === "cut" ? (slot.candidates[fate.survivor]?.name ?? null) : null,
    criterion: prune?.criterion ?? "probability",
    classes: round?.classes ?? [],
    trajectory: lived.map(({ epoch, probabilities }) => [epoch, probabilities[at][index]] as const),
    place: standing
      ? {
          of: standing.filter((value) => value > 0).length,
          at: 1 + standing.filter((value) => value > standing[index]).length,
        }
      : null,
  };
}

function closestCuts(story: Story, most: number): CandidateExplanation[] {
  return narrowest(story.prunes.flatMap(({ cuts }) => cuts))
    .filter((cut) => !isForBudget(cut))
    .slice(0, most)
    .map(({ slot, candidate }) => explained(story, slot, candidate));
}

const roundOf = (round: Story["rounds"][number]): RoundExplanation => ({
  ...{ round: round.round, name: round.name, classes: round.classes.length, epochs: round.epochs },
  ...{ cuts: round.cuts, alive: round.alive },
});

// ---- as text --------------------------------------------------------------------------------------------------------

export function renderExplanation(explanation: Explanation): string {
  const lines = explanation.mock ? [mockNotice, ""] : [];
  switch (explanation.kind) {
    case "candidate":
      lines.push(...candidateLines(explanation));
      break;
    case "slot":
      lines.push(`Slot ${explanation.slot}`, "", ...slotLines(explanation.candidates));
      break;
    case "run":
      lines.push(...runLines(explanation));
      break;
  }
  return `${lines.join("\n")}\n`;
}

function candidateLines(one: CandidateExplanation): string[] {
  const lines = [`${one.name} in slot ${one.slot}: ${verdict(one)}`, ""];
  const say = (what: string, text: string) => lines.push(`  ${what.padEnd(13)}${text}`);
  const { fate } = one;
  if (fate.kind === "cut") {
    say(one.criterion, scoreWords(one.criterion, fate.probability));
    say("margin", fullMargin(one, fate.margin));
    say("trained", `${plural(fate.timesTrained, "weight step")} by then`);
    say("gated", `${plural(fate.timesGated, "gate step")} by then`);
    say("when", `end of ${roundName(fate.roundName)} (round ${fate.round}), epoch ${significant(fate.epoch)}`);
  } else {
    if (one.probability !== null) say("probability", finePercent(one.probability));
    if (one.place && one.place.of > 1) say("place", `${one.place.at} of the ${one.place.of} alive in the slot`);
    say("trained", plural(one.timesTrained, "weight step"));
    say("gated", plural(one.timesGated, "gate step"));
  }
  say("classes", one.classes.length > 0 ? `${one.classes.length}: ${listed(one.classes, 8)}` : "no round was opened");
  const [least, most] = one.slotMacs;
  say(
    "MACs",
    `${amount(one.macs)} (this slot's go from ${amount(least)} to ${amount(most)}), ${countWords(one.params)} parameters`,
  );
  if (one.trajectory.length > 1) lines.push("", ...trajectoryLines(one.trajectory));
  return lines;
}

function verdict({ fate, criterion, probability }: CandidateExplanation): string {
  switch (fate.kind) {
    case "chosen":
      return "chosen";
    case "alive":
      return "alive, nothing is chosen yet";
    case "passed-over":
      return probability === 0 ? "not chosen" : "lived to the end, but another was chosen";
    case "cut":
      return `cut at the end of ${roundName(fate.roundName)}, ${isForBudget(fate) ? "for the budget" : `among the least by ${criterion}`}`;
  }
}

function shortMargin(one: CandidateExplanation, number: number): string {
  const survivor = one.survivor ?? "-";
  return isForBudget({ margin: number })
    ? `for the budget: ${survivor} had to stay`
    : `${marginWords(one.criterion, number)} below ${survivor}`;
}

function fullMargin(one: CandidateExplanation, number: number): string {
  const survivor = one.survivor ?? "the weakest that stayed";
  return isForBudget({ margin: number })
    ? `${marginWords(one.criterion, -number)} above ${survivor}, ${budgetReason}`
    : `${marginWords(one.criterion, number)} below ${survivor}, the weakest that stayed`;
}

const blocks = "▁▂▃▄▅▆▇█";

/** a line of bars over the snapshots, scaled to its own highest, with both ends in numbers */
function trajectoryLines(trajectory: CandidateExplanation["trajectory"]): string[] {
  const most = 60;
  const every = Math.ceil(trajectory.length / most);
  const kept = trajectory.filter((_, index) => (trajectory.length - 1 - index) % every === 0);
  const highest = Math.max(...kept.map(([, probability]) => probability), 1e-12);
  const bars = kept.map(([, probability]) => blocks[Math.min(7, Math.round((probability / highest) * 7))]).join("");
  const [first, last] = [trajectory[0], trajectory[trajectory.length - 1]];
  return [
    `  ${bars}`,
    `  probability ${finePercent(first[1])} at epoch ${significant(first[0])}, ${finePercent(last[1])} at epoch ${significant(last[0])}; highest bar ${finePercent(highest)}`,
  ];
}

function slotLines(candidates: readonly CandidateExplanation[]): string[] {
  const fates = { chosen: 0, "passed-over": 1, alive: 1, cut: 2 } as const;
  const order = [...candidates].sort(
    (a, b) =>
      fates[a.fate.kind] - fates[b.fate.kind] ||
      (a.fate.kind === "cut" && b.fate.kind === "cut"
        ? b.fate.epoch - a.fate.epoch || b.fate.probability - a.fate.probability
        : 0) ||
      (b.probability ?? 0) - (a.probability ?? 0),
  );
  return columns(
    ["candidate", "probability", "trained", "gated", "MACs", ""],
    order.map((one) => [
      one.name,
      one.fate.kind === "cut"
        ? scoreWords(one.criterion, one.fate.probability)
        : one.probability === null
          ? "-"
          : finePercent(one.probability),
      countWords(one.timesTrained),
      countWords(one.timesGated),
      amount(one.macs),
      one.fate.kind === "cut"
        ? `cut at the end of ${roundName(one.fate.roundName)}, ${shortMargin(one, one.fate.margin)}`
        : verdict(one),
    ]),
  );
}

function runLines({ rounds, closest, strategy }: Extract<Explanation, { kind: "run" }>): string[] {
  if (rounds.length === 0 && closest.length === 0)
    return [`${strategy} has decided nothing yet that could be explained`];
  const lines = columns(
    ["round", "classes", "epochs", "cut", "alive"],
    rounds.map(({ name, classes, epochs, cuts, alive }) => [
      name,
      countWords(classes),
      countWords(epochs),
      countWords(cuts),
      alive === null ? "-" : countWords(alive),
    ]),
  );
  if (closest.length === 0) return [...lines, "", "Nothing was cut."];
  return [
    ...lines,
    "",
    "The closest calls (another seed may decide otherwise):",
    "",
    ...columns(
      ["slot", "candidate", closest[0].criterion, "margin", "survivor", "round"],
      closest.flatMap((one) =>
        one.fate.kind === "cut"
          ? [
              [
                one.slot,
                one.name,
                scoreWords(one.criterion, one.fate.probability),
                marginWords(one.criterion, one.fate.margin),
                one.survivor ?? "-",
                one.fate.roundName,
              ],
            ]
          : [],
      ),
    ),
    "",
    "Name a slot to see all of it, `SLOT:CANDIDATE` to see one candidate.",
  ];
}

/** the first column to the left, numbers to the right, the last one as it is */
function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const numeric = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[\d,.<% -]+( (%|points))?[kMGT]?$/.test(row[column])),
  );
  return all.map((row) =>
    `  ${row.map((text, column) => (numeric[column] ? text.padStart(widths[column]) : text.padEnd(widths[column]))).join("  ")}`.trimEnd(),
  );
}

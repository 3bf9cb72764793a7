import type { Cut, GoBack } from "../domain/decision.js";
import { howWords } from "../strategies/choosers/choice.js";
import { methodNamed } from "../strategies/registry.js";
import {
  amount,
  bigWords,
  capital,
  countWords,
  duration,
  finePercent,
  listed,
  percent,
  plural,
  significant,
} from "../util/format.js";
import { sum } from "../util/numeric.js";
import type { RunStatus } from "./standing.js";
import type { Story } from "./story.js";

/** The sentences that all renderings share. */

export { mockNotice } from "./standing.js";

export function statusWords(status: RunStatus): string {
  switch (status.kind) {
    case "new":
      return "not started";
    case "running":
      return `running: ${status.doing}`;
    case "interrupted":
      return "interrupted";
    case "failed":
      return "failed";
    case "done":
      return "done";
  }
}

interface Headline {
  readonly figure: string;
  /** null: the figure is words */
  readonly unit: string | null;
  readonly says: string;
}

export function headline(story: Story): Headline {
  const { found, status, provenance, asked } = story;
  if (found && found.testAccuracy !== null) {
    const images = sum(provenance.splits.find(({ split }) => split === "test")?.counts ?? []);
    return {
      figure: (found.testAccuracy * 100).toFixed(1),
      unit: "%",
      says: `of ${images > 0 ? `the ${countWords(images)} test images` : "the test images"} classified right: measured once, after training from scratch`,
    };
  }
  if (found && found.validAccuracy !== null) {
    return {
      figure: (found.validAccuracy * 100).toFixed(1),
      unit: "%",
      says: `of the validation images classified right${asked.programs.includes("retrain") ? "; the test set has not been touched yet" : ", with the weights it had"}`,
    };
  }
  if (found) {
    return { figure: "Found a network", unit: null, says: "its accuracy has not been measured on its own yet" };
  }
  if (status.kind === "done") {
    return story.ranking && asked.programs.join() === "rank"
      ? { figure: "The classes are ranked", unit: null, says: rankedWords(story) }
      : { figure: "Done", unit: null, says: "nothing was chosen" };
  }
  const doing = status.kind === "new" ? "Not started yet" : capital(status.doing);
  return { figure: doing, unit: null, says: progressWords(story) };
}

function rankedWords({ ranking }: Story): string {
  if (!ranking || ranking.classes.length === 0) return "";
  const { classes } = ranking;
  return `from ${classes[0].name}, the easiest, to ${classes[classes.length - 1].name}, the hardest`;
}

function progressWords(story: Story): string {
  const round = story.rounds.at(-1);
  if (!round) return story.effort.wallMs > 0 ? `${duration(story.effort.wallMs)} spent so far` : "";
  const last = story.snapshots.at(-1);
  return `${plural(round.classes.length, "class", "classes")} in the data, ${plural(story.rounds.length, "round")} opened, ${duration(story.effort.wallMs)} spent${last ? `, networks of ${amount(last.expected.macs)} MACs expected` : ""}`;
}

/** what was done, in a sentence or two */
export function lede(story: Story): string {
  const { asked, effort, rounds } = story;
  const { space } = asked;
  const chosen =
    space.architectures === "1"
      ? "The network is given"
      : `The space holds ${bigWords(space.architectures)} networks: ${plural(space.slots, "slot")} of up to ${plural(space.candidates, "candidate")}`;
  const parts = [`${chosen}.`];
  const cuts = sum(rounds.map((round) => round.cuts));
  if (asked.programs.includes("search")) {
    const classes = rounds.length > 0 ? rounds.map((round) => countWords(round.classes.length)) : [];
    const grown =
      new Set(classes).size > 1 ? ` while the classes grew from ${classes[0]} to ${classes[classes.length - 1]}` : "";
    parts.push(
      cuts > 0
        ? `${methodName(asked.strategy.name)} cut ${plural(cuts, "candidate")} in ${plural(rounds.filter((round) => round.cuts > 0).length, "round")}${grown}.`
        : `${methodName(asked.strategy.name)} ${story.choice ? "searched" : rounds.length > 0 ? "searches" : "will search"} it${grown}.`,
    );
  } else if (asked.programs.includes("retrain")) {
    parts.push("This run trains one network from scratch.");
  } else if (story.ranking) {
    parts.push(`The classes of ${asked.dataName} were ranked by ${story.ranking.score}.`);
  }
  if (effort.samples > 0)
    parts.push(
      `${story.status.kind === "done" ? "It took" : "So far it took"} ${amount(effort.samples)} training images in ${duration(effort.wallMs)}.`,
    );
  return parts.join(" ");
}

export const methodName = (strategy: string): string => methodNamed(strategy).title;

/** how the final network was taken from what was alive */
export function choiceWords(story: Story): string | null {
  const { choice, found } = story;
  if (!choice) return null;
  const how = (howWords as Readonly<Record<string, string>>)[choice.how] ?? choice.how;
  const odds =
    choice.logProbability === null
      ? ""
      : ` Its probability under the final distribution is ${probabilityWords(choice.logProbability)}.`;
  const compared =
    choice.compared.length > 1
      ? ` ${plural(choice.compared.length, "network")} were compared by validation accuracy, from ${percent(Math.min(...choice.compared.map(({ validAccuracy }) => validAccuracy)))} to ${percent(Math.max(...choice.compared.map(({ validAccuracy }) => validAccuracy)))}.`
      : "";
  const measured = choice.compared.find(({ encoded }) => encoded === choice.chosen.encoded);
  const valid = measured
    ? ` Inside the supernet it classifies ${percent(measured.validAccuracy)} of the validation images right.`
    : "";
  return `Chosen: ${how}${found ? `, ${amount(found.macs)} MACs` : ""}.${odds}${valid}${compared}`;
}

/** of a whole network: as a share, or one in so many */
function probabilityWords(logProbability: number): string {
  if (logProbability >= Math.log(0.001)) return percent(Math.exp(logProbability));
  return `1 in ${bigWords(BigInt(Math.round(Math.exp(Math.min(700, -logProbability)))).toString())}`;
}

/** what was done about a loss that was not finite */
export const mendingWords = ({ rule, rateScale }: GoBack): string =>
  rule === "lower-rate"
    ? `went back, learning rates times ${significant(rateScale)} from there to the program's end`
    : "went back, the step took the next batch";

export const seedWords = (story: Story): string =>
  `seed ${story.provenance.seed}, data split seed ${story.provenance.splitSeed}`;

/** names for a sentence, at most six */
export const classWords = (names: readonly string[]): string => listed(names, 6);

/** what a cut went by: a probability as a share, any other score as it is */
export const scoreWords = (criterion: string, score: number): string =>
  criterion === "probability" ? finePercent(score) : significant(score);

export const marginWords = (criterion: string, margin: number): string =>
  criterion === "probability" ? `${significant(margin * 100)} points` : significant(margin);

export type Pruned = Cut & { readonly prune: Story["prunes"][number] };

export const allCuts = ({ prunes }: Story): Pruned[] =>
  prunes.flatMap((prune) => prune.cuts.map((cut) => ({ ...cut, prune })));

/** So many rows of a table at most, about, the last among them; `every`: how many one stands for. */
export function thinned<T>(rows: readonly T[], most: number): { readonly every: number; readonly kept: T[] } {
  const every = Math.ceil(rows.length / most);
  return { every, kept: rows.filter((_, index) => index % every === 0 || index === rows.length - 1) };
}

type Narrow = Pick<Cut, "slot" | "candidate" | "probability" | "margin">;

/**
 * The narrowest first, by the margin's share of what the survivor had: late in a search all that is cut is small, and so
 * are the margins. Cuts for the budget's sake come last: their margin is no measure of doubt.
 */
export const narrowest = <T extends Narrow>(cuts: readonly T[]): T[] =>
  [...cuts].sort((a, b) => relative(a) - relative(b) || a.slot - b.slot || a.candidate - b.candidate);

function relative(cut: Narrow): number {
  if (isForBudget(cut)) return Number.MAX_VALUE;
  const survivor = Math.abs(cut.probability + cut.margin);
  return survivor > 0 ? cut.margin / survivor : 0;
}

/** cut though the survivor had less: without that one, no network within the budget would have been left */
export const isForBudget = ({ margin }: Pick<Cut, "margin">): boolean => margin < 0;

export const budgetReason = "which had less, but without it no network within the budget would have been left";

/** `round 2`, `warm-up`; any other name in quotes, so that a sentence can carry it */
export const roundName = (name: string): string => (/^(round \d+|warm-?up)$/.test(name) ? name : `“${name}”`);

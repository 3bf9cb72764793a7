import type { Story } from "../story/story.js";
import {
  allCuts,
  choiceWords,
  headline,
  lede,
  mendingWords,
  methodName,
  mockNotice,
  narrowest,
  scoreWords,
  seedWords,
  statusWords,
  thinned,
} from "../story/telling.js";
import {
  amount,
  bytesWords,
  countWords,
  duration,
  moment,
  percent,
  plural,
  share,
  significant,
} from "../util/format.js";

/** rows of a table at most; the JSON report has all */
const most = 30;

/** The story as Markdown (GitHub's), for an issue, a wiki or a terminal. */
export function renderMarkdown(story: Story): string {
  const parts = [
    story.mock && `> **${mockNotice}**`,
    `# ${escaped(story.run)}`,
    opening(story),
    trouble(story),
    found(story),
    difficulty(story),
    decisions(story),
    retraining(story),
    spending(story),
    commands(story),
    origin(story),
  ];
  return `${parts.filter((part) => part !== null && part !== false && part !== "").join("\n\n")}\n`;
}

function opening(story: Story): string {
  const { figure, unit, says } = headline(story);
  const answer = unit === null ? `**${escaped(figure)}**` : `**${escaped(figure)} ${unit}**`;
  return `${answer}${says === "" ? "" : ` ${escaped(says)}`}.\n\n${escaped(lede(story))}\n\nStatus: ${escaped(statusWords(story.status))}. Method: ${escaped(methodName(story.asked.strategy.name))} on ${escaped(story.asked.dataName)}.`;
}

function trouble({ status }: Story): string | null {
  if (status.kind !== "failed" && status.kind !== "interrupted") return null;
  const hint = status.kind === "failed" && status.hint ? ` ${escaped(status.hint)}` : "";
  return `**${status.kind === "failed" ? "Failed" : "Interrupted"}** while ${escaped(status.doing)}: ${escaped(status.message)}.${hint}`;
}

function found(story: Story): string | null {
  const { found: chosen, network, asked, alternatives } = story;
  if (!chosen || !network) return null;
  const maxMacs = asked.budget.macs?.most ?? null;
  const maxParams = asked.budget.params?.most ?? null;
  const measured = (accuracy: number | null) => (accuracy === null ? "not measured" : percent(accuracy, 2));
  const facts = [
    ["architecture", code(chosen.encoded)],
    [
      "MACs",
      `${countWords(chosen.macs)}${maxMacs === null ? "" : ` (${share(chosen.macs / maxMacs)} of the budget, ${amount(maxMacs)})`}`,
    ],
    ["parameters", `${countWords(chosen.params)}${maxParams === null ? "" : ` (limit ${amount(maxParams)})`}`],
    ["test accuracy", measured(chosen.testAccuracy)],
    ["validation accuracy", measured(chosen.validAccuracy)],
    ["smallest of the space", `${amount(alternatives.smallest.macs)} MACs`],
    ["largest of the space", `${amount(alternatives.largest.macs)} MACs`],
    ...chosen.exported.map(({ path, bytes, sha256 }) => [
      `exported ${code(path)}`,
      `${bytesWords(bytes)}, sha256 ${code(sha256)}`,
    ]),
  ];
  const blocks = network.groups.flatMap(({ name, blocks: of }) =>
    of.map(({ slot, name: block, inChannels, outChannels, outHeight, outWidth, macs, share: part }) => [
      slot ?? name,
      code(block),
      `${inChannels} → ${outChannels}`,
      `${outHeight} × ${outWidth}`,
      countWords(macs),
      percent(part),
    ]),
  );
  const classes = (chosen.testPerClass ?? []).flatMap(({ name, accuracy }) =>
    accuracy === null ? [] : [{ name, accuracy }],
  );
  const worst = [...classes].sort((a, b) => a.accuracy - b.accuracy).slice(0, most);
  return [
    "## What was found",
    table(["", ""], facts),
    "### The network",
    table(["slot", "block", "channels", "output", "MACs", "share"], blocks, 2),
    ...(worst.length > 0
      ? [
          `### Test accuracy by class${worst.length < classes.length ? `, the ${worst.length} worst of ${classes.length}` : ""}`,
          table(
            ["class", "accuracy"],
            worst.map(({ name, accuracy }) => [escaped(name), percent(accuracy)]),
            1,
          ),
        ]
      : []),
  ].join("\n\n");
}

function difficulty({ ranking, rounds }: Story): string | null {
  if (!ranking) return null;
  const { classes } = ranking;
  const { every, kept } = thinned(
    classes.map((of, rank) => ({ of, rank })),
    most,
  );
  return [
    "## Class difficulty",
    `From easy to hard by ${ranking.score}${every > 1 ? `; every ${every}th of ${classes.length} classes` : ""}.`,
    table(
      ["rank", "class", "auc", "row variance", "final error", "enters in"],
      kept.map(({ of: { name, scores }, rank }) => [
        String(rank + 1),
        escaped(name),
        significant(scores.auc),
        significant(scores["row-variance"]),
        significant(scores["final-error"]),
        escaped(rounds.find(({ classes: inRound }) => inRound.includes(name))?.name ?? "–"),
      ]),
      2,
    ),
    ...(ranking.scoreAgreement.length > 0
      ? [
          `Spearman correlation of the orders: ${ranking.scoreAgreement.map(({ a, b, rho }) => `${a} and ${b} ${rho.toFixed(2)}`).join(", ")}.`,
        ]
      : []),
  ].join("\n\n");
}

function decisions(story: Story): string | null {
  const { rounds, prunes, snapshots } = story;
  const choice = choiceWords(story);
  if (rounds.length + prunes.length + snapshots.length === 0 && choice === null) return null;
  const parts = ["## How the search decided"];
  if (rounds.length > 0) {
    parts.push(
      table(
        ["round", "classes", "epochs", "cut", "alive at its end"],
        rounds.map(({ name, classes, epochs, cuts, alive }) => [
          escaped(name),
          countWords(classes.length),
          countWords(epochs),
          countWords(cuts),
          alive === null ? "–" : countWords(alive),
        ]),
        1,
      ),
    );
  }
  const cuts = narrowest(allCuts(story));
  if (cuts.length > 0) {
    parts.push(
      cuts.length > most
        ? `### The ${most} closest of ${countWords(cuts.length)} cuts`
        : "### What was cut, closest calls first",
      table(
        ["slot", "candidate", "score", "margin", "survivor", "trained", "gated", "round", "classes"],
        cuts.slice(0, most).map((cut) => {
          const slot = story.slots[cut.slot];
          return [
            slot.name,
            code(slot.candidates[cut.candidate].name),
            scoreWords(cut.prune.criterion, cut.probability),
            significant(cut.margin),
            code(slot.candidates[cut.survivor]?.name ?? "–"),
            countWords(cut.timesTrained),
            countWords(cut.timesGated),
            String(cut.prune.round),
            countWords(cut.prune.classes),
          ];
        }),
        2,
      ),
    );
  }
  if (snapshots.length > 0) {
    parts.push(
      "### Cost and certainty over time",
      table(
        ["epoch", "expected MACs", "entropy, nats", "training loss"],
        thinned(snapshots, most).kept.map(({ epoch, expected, entropy, trainLoss }) => [
          significant(epoch),
          amount(expected.macs),
          significant(entropy),
          trainLoss === null ? "–" : significant(trainLoss),
        ]),
        0,
      ),
    );
  }
  if (choice !== null) parts.push(escaped(choice));
  return parts.join("\n\n");
}

function retraining({ curves }: Story): string | null {
  const ends = curves.flatMap(({ series, points }) => {
    const last = points.at(-1);
    if (!last || (series !== "retrain-train-loss" && series !== "retrain-valid-accuracy")) return [];
    const loss = series === "retrain-train-loss";
    return [
      `${loss ? "training loss" : "validation accuracy"} after epoch ${last[0]}: ${loss ? significant(last[1]) : percent(last[1], 2)}`,
    ];
  });
  return ends.length > 0 ? `## Training from scratch\n\n${ends.join("; ")}.` : null;
}

function spending({ effort }: Story): string | null {
  if (effort.programs.length === 0) return null;
  return `## Time and samples\n\n${table(
    ["program", "time", "of it computing", "waiting", "jobs", "images", "MACs"],
    effort.programs.map(({ program, wallMs, computeMs, waitMs, jobs, samples, macs }) => [
      program,
      duration(wallMs),
      duration(computeMs),
      duration(waitMs),
      countWords(jobs),
      amount(samples),
      amount(macs),
    ]),
    1,
  )}`;
}

const commands = (story: Story): string =>
  `## Going on from here\n\n${story.commands.map(({ does, line }) => `- ${does}: ${code(line)}`).join("\n")}`;

function origin(story: Story): string {
  const { provenance, asked } = story;
  const last = provenance.sessions.at(-1);
  const facts = [
    ["seeds", seedWords(story)],
    ["data", `${escaped(asked.dataName)}, ${plural(asked.data.classes, "class", "classes")}`],
    ["data fingerprint", provenance.dataFingerprint === null ? "not known yet" : code(provenance.dataFingerprint)],
    ["space", `${escaped(asked.space.name)}, ${code(provenance.spaceHash)}`],
    ["device", escaped(provenance.device ?? "not known yet")],
    ["sessions", String(provenance.sessions.length)],
    ...story.goneBack.map((back) => [
      `loss not finite, job ${back.failedJob}`,
      escaped(`${back.why}: ${mendingWords(back)}`),
    ]),
    ...(story.latest === null ? [] : [["last entry", moment(story.latest)]]),
    ...Object.entries(last?.versions ?? {}).map(([what, version]) => [escaped(what), escaped(version)]),
  ];
  return `## Versions and seeds\n\n${table(["", ""], facts)}`;
}

/** @param numbersFrom first column aligned to the right */
function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbersFrom = Number.POSITIVE_INFINITY,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, column) => (column >= numbersFrom ? "---:" : "---"))), ...rows.map(line)].join(
    "\n",
  );
}

/** people's words: nothing in them may become a heading, a link, a cell or a tag */
export const escaped = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>|#~!]/g, (character) => `\\${character}`)
    .replace(/&/g, "&amp;");

/** a code span holds anything but a line end; its fence is longer than any run of backticks in it, and a pipe would still end a cell */
export function code(text: string): string {
  const clean = text.replace(/\s+/g, " ").replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest > 0 ? `${fence} ${clean} ${fence}` : `${fence}${clean}${fence}`;
}

import type { ClassDifficulty } from "../../domain/ranking.js";
import type { Story } from "../../story/story.js";
import { percent, plural, significant } from "../../util/format.js";
import { mean } from "../../util/numeric.js";
import { curvePlot, difficultyPlot, pickClasses } from "./charts.js";
import { type Html, html, nothing } from "./markup.js";
import { figure, folded, section, table } from "./parts.js";
import { rampGradient } from "./plot.js";

/** most curves in the picture and rows in the table */
const most = 30;

export function difficultySection(story: Story): Html {
  const { ranking } = story;
  const reference = story.curves.find(({ series }) => series === "reference-valid-accuracy");
  if (!ranking) {
    if (!reference) return nothing;
    return section(
      {
        id: "difficulty",
        title: "Class difficulty",
        about: "The reference network is being trained; the classes are ranked when it is done.",
      },
      figure(curvePlot(reference), "Mean over all classes, after each epoch."),
    );
  }
  const { classes, score, references } = ranking;
  const picked = pickClasses(ranking, most);
  const left = classes.length - picked.length;
  const given = !story.asked.programs.includes("rank");
  return section(
    {
      id: "difficulty",
      title: "Class difficulty",
      about: html`${given ? "The ranking was given. " : ""}How fast ${references.length === 1 ? "one reference network" : plural(references.length, "reference network")} learnt each class decides the order in which the search meets them. Ranked by <b>${score}</b>.`,
    },
    picked[0]?.curve.length > 0 &&
      figure(
        html`${difficultyPlot(picked, classes.length)}<p class="small soft" style="margin:8px 0 0">easy <span class="scale" style="background:${rampGradient}"></span> hard</p>`,
        left > 0
          ? `${picked.length} of ${classes.length} classes, evenly spread over the ranking. The JSON report has all.`
          : "Accuracy of each class on validation images, after each epoch.",
      ),
    folded(
      left > 0 ? `The ranking (${picked.length} of ${classes.length})` : "The ranking",
      rankingTable(
        story,
        picked.map(({ rank }) => rank),
      ),
    ),
    agreement(story),
  );
}

function rankingTable({ ranking, rounds }: Story, ranks: readonly number[]): Html {
  const firstRound = (name: string) => rounds.find(({ classes }) => classes.includes(name))?.name ?? "–";
  const last = ({ curves }: ClassDifficulty) => {
    const ends = curves.flatMap((curve) => curve.slice(-1));
    return ends.length > 0 ? percent(mean(ends)) : "–";
  };
  const scored = (name: "auc" | "row-variance" | "final-error") => (row: { of: ClassDifficulty }) =>
    significant(row.of.scores[name]);
  return table(
    "Classes from easy to hard",
    [
      { head: "class", of: ({ of }) => of.name },
      { head: "rank", of: ({ rank }) => rank + 1, number: true },
      { head: "accuracy at the end", of: ({ of }) => last(of), number: true },
      { head: "auc", of: scored("auc"), number: true },
      { head: "row variance", of: scored("row-variance"), number: true },
      { head: "final error", of: scored("final-error"), number: true },
      ...(rounds.length > 0
        ? [{ head: "enters in", of: ({ of }: { of: ClassDifficulty }) => firstRound(of.name) }]
        : []),
    ],
    ranks.map((rank) => ({ rank, of: ranking?.classes[rank] as ClassDifficulty })),
  );
}

function agreement({ ranking }: Story): Html | null {
  if (!ranking || ranking.scoreAgreement.length + ranking.referenceAgreement.length === 0) return null;
  return html`<h3>Would another measure rank them alike?</h3>${table(
    "Spearman rank correlation of the easy-to-hard orders: 1 = the same order, 0 = unrelated, -1 = the reverse",
    [
      { head: "between", of: ({ a }) => a },
      { head: "and", of: ({ b }) => b },
      { head: "correlation", of: ({ rho }) => rho.toFixed(2), number: true },
    ],
    [
      ...ranking.scoreAgreement,
      ...ranking.referenceAgreement.map(({ a, b, rho }) => ({ a: `reference ${a + 1}`, b: `reference ${b + 1}`, rho })),
    ],
  )}`;
}

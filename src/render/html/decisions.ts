import type { Round, Story } from "../../story/story.js";
import { choiceWords, roundName, thinned } from "../../story/telling.js";
import { amount, capital, countWords, percent, plural, significant } from "../../util/format.js";
import { sum } from "../../util/numeric.js";
import { curveName, curvePlot, searchPlot } from "./charts.js";
import { cutOpacity, cutRounds, fateMap, levelOf, levelOpacity, probabilityStrip } from "./fates.js";
import { type Html, html, nothing } from "./markup.js";
import { figure, folded, key, section, table } from "./parts.js";
import { comparedSection, reasonsSection } from "./reasons.js";

export function decisionsSection(story: Story): Html {
  const { rounds, snapshots, prunes, choice, found } = story;
  if (rounds.length + snapshots.length + prunes.length === 0 && !choice) return nothing;
  const cutIn = cutRounds(story);
  // networks compared at the end all stand at one epoch: they have a picture of their own
  const measured = story.curves.find(({ series }) => series === "path-valid-accuracy");
  const paths = measured && new Set(measured.points.map(([epoch]) => epoch)).size > 1 ? measured : null;
  return html`${section(
    {
      id: "decisions",
      title: "How the search decided",
      wide: true,
      about:
        "Each column is a slot of the network, each cell a candidate block: when it was cut, or that it was chosen.",
    },
    rounds.length > 0 && html`<ol class="rounds">${rounds.map((round) => roundCard(round, story))}</ol>`,
    (prunes.length > 0 || found !== null) &&
      figure(
        html`${key([
          ...(found ? [{ colour: "var(--accent)", label: "chosen" }] : []),
          ...cutIn.map((round, index) => ({
            colour: "var(--cut)",
            opacity: cutOpacity(index, cutIn.length),
            label: `cut at the end of ${roundName(rounds.find((opened) => opened.round === round)?.name ?? `round ${round}`)}`,
          })),
          { colour: "var(--accent)", outlined: true, label: found ? "lived to the end, not chosen" : "alive" },
        ])}${fateMap(story)}`,
        choiceWords(story) ?? "Nothing has been chosen yet.",
      ),
  )}${reasonsSection(story)}${comparedSection(story)}${
    snapshots.length > 0
      ? section(
          {
            id: "course",
            title: "Cost and certainty over time",
            about: `What a network drawn from the probabilities would cost on average, and how undecided the slots still are: an even choice among ${story.asked.space.candidates} has ${Math.log(story.asked.space.candidates).toFixed(2)} nats, a settled one none.`,
          },
          figure(
            searchPlot(story),
            "One point at the end of each epoch; bands are rounds. What falls or rises at a round's end was cut.",
            folded("The numbers", snapshotTable(story)),
          ),
        )
      : nothing
  }${
    paths
      ? section(
          {
            id: "paths",
            title: "Validation accuracy of the paths",
            about: "One point a path that was trained and measured.",
          },
          figure(curvePlot(paths, "epoch of the search"), "When each was measured."),
        )
      : nothing
  }${snapshots.length > 1 ? strips(story) : nothing}`;
}

function roundCard(round: Round, { asked }: Story): Html {
  const { classes } = round;
  return html`<li><b>${round.name}</b><span class="big">${countWords(classes.length)}</span>${
    classes.length === asked.data.classes
      ? classes.length === 1
        ? "class: all"
        : "classes: all of them"
      : classes.length === 1
        ? "class"
        : "classes"
  }<br>${plural(round.epochs, "epoch")} of ${plural(round.stepsPerEpoch, "step")}<br>${
    round.cuts > 0
      ? html`${plural(round.cuts, "candidate")} cut${round.alive !== null && `, ${countWords(round.alive)} alive`}`
      : round.endedAt === null
        ? "open"
        : "nothing cut"
  }</li>`;
}

/** most rows of a table over epochs */
const rowsShown = 40;

function snapshotTable({ snapshots }: Story): Html {
  const { every, kept } = thinned(snapshots, rowsShown);
  return table(
    every > 1 ? `Every ${every}th snapshot` : "All snapshots",
    [
      { head: "epoch", of: ({ epoch }) => significant(epoch) },
      { head: "round", of: ({ round }) => round, number: true },
      { head: "expected MACs", of: ({ expected }) => amount(expected.macs), number: true },
      { head: "entropy", of: ({ entropy }) => significant(entropy), number: true },
      {
        head: "training loss",
        of: ({ trainLoss }) => (trainLoss === null ? "–" : significant(trainLoss)),
        number: true,
      },
      {
        head: "training accuracy",
        of: ({ trainAccuracy }) => (trainAccuracy === null ? "–" : percent(trainAccuracy)),
        number: true,
      },
      { head: "alive", of: ({ alive }) => countWords(sum(alive.map((slot) => slot.length))), number: true },
    ],
    kept,
  );
}

function strips(story: Story): Html {
  const shown = [0.01, 0.05, 0.2, 0.5, 1];
  return section(
    {
      id: "probabilities",
      title: "Probabilities, slot by slot",
      wide: true,
      about:
        "Time runs to the right, rows are candidates: those that lasted on top. Darker is likelier; a row ends where its candidate was cut. The gaps are the ends of rounds.",
    },
    html`${key(shown.map((value) => ({ colour: "var(--accent)", opacity: levelOpacity(levelOf(value)), label: percent(value, 0) })))}<div class="multiples">${story.slots.map(
      (slot, index) => {
        const top = slot.candidates.find(({ fate }) => fate.kind === "chosen");
        return html`<div><h4>${slot.name} <span>${top ? `→ ${top.name}` : ""}</span></h4>${probabilityStrip(story, index)}</div>`;
      },
    )}</div>${folded(
      "The last probabilities in numbers",
      table(
        "Per slot, the likeliest candidates at the end",
        [
          { head: "slot", of: ({ name }) => name },
          {
            head: "candidates",
            of: ({ candidates }) =>
              [...candidates]
                .filter(({ probability }) => (probability ?? 0) > 0)
                .sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0))
                .slice(0, 6)
                .map(({ name, probability }) => `${name} ${percent(probability ?? 0)}`)
                .join(", "),
          },
        ],
        story.slots,
      ),
    )}`,
  );
}

export function retrainSection(story: Story): Html {
  const curves = story.curves.filter(
    ({ series }) => series === "retrain-train-loss" || series === "retrain-valid-accuracy",
  );
  if (curves.length === 0) return nothing;
  const { epochs, split } = story.provenance.plan.retrain;
  return section(
    {
      id: "retraining",
      title: "Training from scratch",
      about: `The found network alone, its weights drawn anew, ${plural(epochs, "epoch")} on ${split === "full" ? "training and validation images together" : "the training images"}.`,
    },
    ...curves.map((curve) =>
      figure(
        curvePlot(curve),
        `${capital(curveName(curve.series))}, after each epoch.`,
        folded(
          "The numbers",
          table(
            curveName(curve.series),
            [
              { head: "epoch", of: ([epoch]) => epoch },
              {
                head: "value",
                of: ([, value]) => (curve.series === "retrain-valid-accuracy" ? percent(value, 2) : significant(value)),
                number: true,
              },
            ],
            curve.points,
          ),
        ),
      ),
    ),
  );
}

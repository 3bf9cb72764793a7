import type { Story } from "../../story/story.js";
import {
  allCuts,
  classWords,
  isForBudget,
  marginWords,
  narrowest,
  type Pruned,
  roundName,
  scoreWords,
} from "../../story/telling.js";
import { amount, countWords, percent, plural, significant } from "../../util/format.js";
import { comparedPlot } from "./charts.js";
import { type Html, html, nothing } from "./markup.js";
import { figure, folded, section, table } from "./parts.js";

/** how many of the closest calls are told in full */
const told = 5;

export function reasonsSection(story: Story): Html {
  const cuts = allCuts(story);
  if (cuts.length === 0) return nothing;
  const close = narrowest(cuts.filter((cut) => !isForBudget(cut))).slice(0, told);
  const forBudget = cuts.filter(isForBudget);
  return section(
    {
      id: "reasons",
      title: "Why each was cut",
      about:
        "A cut is sound where the margin is wide and the candidate was tried often. The closest calls are where another seed may decide otherwise.",
    },
    close.length > 0 && html`<h3>The closest calls</h3>`,
    close.length > 0 && html`<ol class="reasons">${close.map((cut) => closeCall(story, cut))}</ol>`,
    forBudget.length > 0 &&
      html`<p class="small">${plural(forBudget.length, "candidate")} ${
        forBudget.length === 1 ? "was" : "were"
      } cut although the one that stayed had less: without it no network within the budget would have been left. A negative margin in the tables says so.</p>`,
    html`${story.prunes.filter((prune) => prune.cuts.length > 0).map((prune) => pruneTable(story, prune))}`,
  );
}

function cutWords({ slots }: Story, { prune, ...cut }: Pruned) {
  const slot = slots[cut.slot];
  return {
    slot: slot.name,
    candidate: slot.candidates[cut.candidate].name,
    survivor: slot.candidates[cut.survivor]?.name ?? "–",
    value: scoreWords(prune.criterion, cut.probability),
    margin: marginWords(prune.criterion, cut.margin),
  };
}

function closeCall(story: Story, cut: Pruned): Html {
  const { candidate, slot, survivor, value, margin } = cutWords(story, cut);
  const { criterion, round, classes } = cut.prune;
  const names = story.rounds.findLast((opened) => opened.round === round)?.classes ?? [];
  const seen = names.length > 0 && names.length <= 6 ? classWords(names) : plural(classes, "class", "classes");
  const gated = cut.timesGated > 0 ? `, in ${plural(cut.timesGated, "gate step")}` : "";
  return html`<li><b class="mono">${candidate}</b> in slot ${slot}: ${criterion} ${value}, only ${margin} below <span class="mono">${survivor}</span>, the weakest that stayed. Round ${round}, ${seen}; trained ${plural(cut.timesTrained, "time")}${gated}.</li>`;
}

function pruneTable(story: Story, prune: Story["prunes"][number]): Html {
  const name = roundName(story.rounds.find(({ round }) => round === prune.round)?.name ?? `round ${prune.round}`);
  return folded(
    `End of ${name}: ${plural(prune.cuts.length, "cut")}, seen ${plural(prune.classes, "class", "classes")}`,
    table(
      `What was cut after epoch ${significant(prune.epoch)}, by ${prune.criterion}`,
      [
        { head: "slot", of: ({ slot }) => slot },
        { head: "candidate", of: ({ candidate }) => html`<span class="mono">${candidate}</span>` },
        { head: prune.criterion, of: ({ value }) => value, number: true },
        { head: "margin", of: ({ margin }) => margin, number: true },
        { head: "to", of: ({ survivor }) => html`<span class="mono">${survivor}</span>` },
        { head: "trained", of: ({ cut }) => countWords(cut.timesTrained), number: true },
        { head: "gated", of: ({ cut }) => countWords(cut.timesGated), number: true },
        { head: "MACs", of: ({ cut }) => amount(cut.macs), number: true },
      ],
      prune.cuts.map((cut) => ({ cut, ...cutWords(story, { ...cut, prune }) })),
    ),
  );
}

/** most rows of the table */
const rowsShown = 50;

export function comparedSection(story: Story): Html {
  const picture = story.found ? comparedPlot(story, story.found) : nothing;
  if (picture.text === "") return nothing;
  const rows = [...(story.choice?.compared ?? [])].sort((a, b) => b.validAccuracy - a.validAccuracy);
  return section(
    {
      id: "compared",
      title: "Compared networks",
      about: "Measured on validation images inside the supernet, after re-estimating batch-norm statistics.",
    },
    figure(
      picture,
      "The large point was chosen.",
      folded(
        "The numbers",
        table(
          rows.length > rowsShown ? `The best ${rowsShown} of ${rows.length}` : "From best to worst",
          [
            { head: "network", of: ({ encoded }) => html`<span class="mono">${encoded}</span>` },
            { head: "accuracy", of: ({ validAccuracy }) => percent(validAccuracy), number: true },
            { head: "MACs", of: ({ macs }) => amount(macs), number: true },
            { head: "parameters", of: ({ params }) => amount(params), number: true },
          ],
          rows.slice(0, rowsShown),
        ),
      ),
    ),
  );
}

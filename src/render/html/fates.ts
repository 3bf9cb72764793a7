import type { CandidateStory, SlotStory, Story } from "../../story/story.js";
import { isForBudget, roundName } from "../../story/telling.js";
import { percent, significant } from "../../util/format.js";
import { type Html, html, nothing } from "./markup.js";

/** Which candidate of which slot went when: one cell each, columns are slots, rows candidates. */
export function fateMap(story: Story): Html {
  const few = story.slots.length <= 12;
  if (!few) return drawFates(story, 30);
  return html`<div class="plot"><div class="wide">${drawFates(story, 44)}</div><div class="narrow">${drawFates(story, 30)}</div></div>`;
}

/** @param least width of a cell; wider where the page has room */
function drawFates(story: Story, least: number): Html {
  const bySize = [...story.slots].sort((a, b) => b.candidates.length - a.candidates.length);
  const names = [...new Set(bySize.flatMap(({ candidates }) => candidates.map(({ name }) => name)))];
  if (names.length === 0) return nothing;
  const label = Math.max(...names.map((name) => name.length)) * 7.3 + 10;
  const cellHeight = 19;
  const room = least > 30 || story.slots.length > 12 ? 1060 : 300;
  const cellWidth = Math.min(72, Math.max(least, Math.floor((room - label) / story.slots.length)));
  const width = label + story.slots.length * cellWidth;
  const height = 34 + names.length * cellHeight;
  const rounds = cutRounds(story);
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img"><title>What became of every candidate of every slot; the table below has the reasons</title>
${names.map((name, row) => html`<text class="m" x="${label - 8}" y="${34 + row * cellHeight + 13.5}" text-anchor="end" font-size="12" fill="var(--soft)">${name}</text>`)}
${story.slots.map((slot, column) => {
  const x = label + column * cellWidth;
  const newStage = column === 0 || story.slots[column - 1].stage !== slot.stage;
  return html`<text x="${x + cellWidth / 2}" y="22" text-anchor="middle" font-size="11.5" fill="${newStage ? "var(--ink)" : "var(--soft)"}" font-weight="${newStage ? 600 : 400}">${slot.name}</text>
${newStage && column > 0 && html`<path d="M${x} 8V${height}" stroke="var(--line)"/>`}${slot.candidates.map(
  (candidate) =>
    cell(
      candidate,
      slot,
      x + 2,
      34 + names.indexOf(candidate.name) * cellHeight + 1.5,
      cellWidth - 4,
      cellHeight - 3,
      rounds,
    ),
)}`;
})}
</svg>`;
}

/** rounds in which something was cut, in order */
export const cutRounds = (story: Story): number[] => [
  ...new Set(story.prunes.filter(({ cuts }) => cuts.length > 0).map(({ round }) => round)),
];

/** earlier cuts are paler: they say less, fewer classes had been seen */
export const cutOpacity = (index: number, of: number): number =>
  Math.round((0.22 + (0.62 * (index + 1)) / Math.max(1, of)) * 100) / 100;

function cell(
  candidate: CandidateStory,
  slot: SlotStory,
  x: number,
  y: number,
  w: number,
  h: number,
  rounds: readonly number[],
): Html {
  const { fate } = candidate;
  const title = `${candidate.name} in slot ${slot.name}: ${fateWords(candidate)}`;
  switch (fate.kind) {
    case "chosen":
      return html`<g><title>${title}</title><rect x="${x}" y="${y}" width="${w}" height="${h}" rx="3" fill="var(--accent)"/><path d="M${x + w / 2 - 4.5} ${y + h / 2}l3 3.2 6-6.4" fill="none" stroke="var(--accent-ink)" stroke-width="2"/></g>`;
    case "cut": {
      const opacity = cutOpacity(rounds.indexOf(fate.round), rounds.length);
      return html`<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="3" fill="var(--cut)" fill-opacity="${opacity}"><title>${title}</title></rect>`;
    }
    default:
      return html`<rect x="${x + 0.75}" y="${y + 0.75}" width="${w - 1.5}" height="${h - 1.5}" rx="3" fill="none" stroke="var(--accent)" stroke-width="1.5"><title>${title}</title></rect>`;
  }
}

function fateWords({ fate, probability }: CandidateStory): string {
  const at = probability === null ? "" : ` at ${percent(probability)}`;
  switch (fate.kind) {
    case "chosen":
      return `chosen${at}`;
    case "alive":
      return `still alive${at}`;
    case "passed-over":
      return `lived to the end${at}, another was chosen`;
    case "cut":
      return `cut at the end of ${roundName(fate.roundName)}, ${isForBudget(fate) ? "for the budget" : `${significant(fate.margin)} below the weakest that stayed`}`;
  }
}

// ---- probabilities over time ----------------------------------------------------------------------------------------

const levels = 12;
const rowHeight = 12;

/** how dark a probability is: the square root lets small ones be seen; in steps, so that equal neighbours join */
export const levelOf = (probability: number): number =>
  probability <= 0 ? 0 : Math.max(1, Math.round(Math.sqrt(probability) * levels));
export const levelOpacity = (level: number): number => Math.round((level / levels) * 100) / 100;

/** how long a candidate lived, for the order of rows: the chosen on top, then those that lived longest */
function lifetime({ fate, probability }: CandidateStory): number {
  if (fate.kind === "chosen") return 1e9;
  if (fate.kind === "cut") return fate.epoch + fate.probability;
  return 1e6 + (probability ?? 0);
}

/** One slot: a row a candidate, a column a snapshot, darker = likelier. */
export function probabilityStrip(story: Story, at: number): Html {
  const slot = story.slots[at];
  const { snapshots } = story;
  const order = slot.candidates
    .map((candidate, index) => ({ candidate, index }))
    .sort((a, b) => lifetime(b.candidate) - lifetime(a.candidate) || a.index - b.index);
  const label = Math.max(...slot.candidates.map(({ name }) => name.length)) * 6.1 + 8;
  const width = 240;
  const plotWidth = width - label;
  const end = Math.max(snapshots[snapshots.length - 1].epoch, 1e-9);
  const x = (epoch: number) => Math.round((label + (Math.max(0, epoch) / end) * plotWidth) * 10) / 10;
  const height = order.length * rowHeight + 2;
  const paths = new Map<number, string>();
  for (const [row, { index }] of order.entries()) {
    // neighbours of the same level are one rectangle
    let from = 0;
    for (let s = 0; s < snapshots.length; s++) {
      const level = levelOf(snapshots[s].probabilities[at]?.[index] ?? 0);
      if (s + 1 < snapshots.length && levelOf(snapshots[s + 1].probabilities[at]?.[index] ?? 0) === level) continue;
      const start = x(from === 0 ? 0 : snapshots[from - 1].epoch);
      const w = Math.round((x(snapshots[s].epoch) - start) * 10) / 10;
      if (level > 0 && w > 0)
        paths.set(level, `${paths.get(level) ?? ""}M${start} ${row * rowHeight + 1}h${w}v${rowHeight - 2}h-${w}z`);
      from = s + 1;
    }
  }
  const top = order[0].candidate;
  return html`<svg viewBox="0 0 ${width} ${height}" width="100%" role="img"><title>Slot ${slot.name}: ${top.name} ${fateWords(top)}</title>
${order.map(({ candidate }, row) => {
  const leads = candidate.fate.kind === "chosen";
  const gone = candidate.fate.kind === "cut";
  return html`<text class="m" x="${label - 6}" y="${row * rowHeight + 9.5}" text-anchor="end" font-size="10" fill="${leads ? "var(--accent)" : gone ? "var(--soft)" : "var(--ink)"}" font-weight="${leads ? 700 : 400}">${candidate.name}</text>`;
})}
<rect x="${label}" y="0" width="${plotWidth}" height="${height}" fill="var(--wash)"/>
${[...paths].sort(([a], [b]) => a - b).map(([level, d]) => html`<path d="${d}" fill="var(--accent)" fill-opacity="${levelOpacity(level)}"/>`)}
${story.rounds.slice(1).map(({ fromEpoch }) => fromEpoch < end && html`<path d="M${x(fromEpoch)} 0V${height}" stroke="var(--card)" stroke-width="1.5"/>`)}
</svg>`;
}

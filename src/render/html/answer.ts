import type { Found, Story } from "../../story/story.js";
import { headline, lede, statusWords } from "../../story/telling.js";
import { amount, bytesWords, capital, countWords, duration, moment, percent, share } from "../../util/format.js";
import { kernelColour, networkDrawing } from "./drawing.js";
import { type Html, html, nothing } from "./markup.js";
import { bar, figure, folded, key, section, table } from "./parts.js";

/** the answer first: how good, how dear, and whether it is final */
export function masthead(story: Story): Html {
  const { status } = story;
  return html`<div class="masthead"><h1>${story.run}</h1><span class="pill ${status.kind}">${statusWords(status)}</span>${
    story.began !== null && html`<span>${moment(story.began)}</span>`
  }<span>${story.asked.strategy.name} on ${story.asked.dataName}</span></div>`;
}

export function answer(story: Story): Html {
  const { found } = story;
  const { figure: big, unit, says } = headline(story);
  return html`<div class="answer"><div>${
    unit === null ? html`<div class="words">${big}</div>` : html`<div class="figure">${big}<small>${unit}</small></div>`
  }<p class="says">${says}</p></div><div><p class="lede">${unbroken(lede(story))}</p>${found && facts(story, found)}</div></div>`;
}

/** a number is not parted from its unit at a line's end, nor a name at its dash */
function unbroken(text: string): Html {
  const kept = text.replace(/(\d) (?=(?:ms|s|min|h|d|%)\b)/g, "$1\u00a0");
  return html`${kept.split(/\b([A-Z]{2,6}-[A-Z]{2,6})\b/).map((part, index) => (index % 2 === 0 ? part : html`<span style="white-space:nowrap">${part}</span>`))}`;
}

function facts(story: Story, found: Found): Html {
  const maxMacs = story.asked.budget.macs?.most ?? null;
  const { wallMs } = story.effort;
  return html`<dl class="facts"><div><dt>MACs for one image</dt><dd>${amount(found.macs)}<small>${
    maxMacs === null ? "no budget was set" : `${share(found.macs / maxMacs)} of the budget, ${amount(maxMacs)}`
  }</small></dd></div><div><dt>Parameters</dt><dd>${amount(found.params)}<small>${countWords(found.params)} exactly</small></dd></div><div><dt>Time</dt><dd>${duration(
    wallMs,
  )}<small>${story.effort.programs
    .filter(({ program }) => program !== "inspect")
    .map(({ program, wallMs: ms }) => `${program} ${duration(ms)}`.replaceAll(" ", "\u00a0"))
    .join(", ")}</small></dd></div></dl>`;
}

export function callout({ status, commands }: Story): Html {
  if (status.kind === "done" || status.kind === "running") return nothing;
  const next = commands[0];
  return html`<div class="callout${status.kind === "failed" && html` bad`}" role="status">${
    status.kind === "new"
      ? html`<p><b>Nothing has happened yet.</b></p>`
      : html`<p><b>${status.kind === "failed" ? "Failed" : "Interrupted"} while ${status.doing}.</b> ${sentence(status.message)}</p>`
  }${status.kind === "failed" && status.hint && html`<p>${status.hint}</p>`}${
    next && html`<p>To ${next.does}: <code>${next.line}</code></p>`
  }</div>`;
}

const sentence = (text: string): string => `${capital(text)}${/[.!?]$/.test(text) ? "" : "."}`;

export function foundSection(story: Story): Html {
  const { found, network } = story;
  if (!found || !network) return nothing;
  const kernels = [
    ...new Set(
      network.groups.flatMap(({ blocks }) =>
        blocks.filter(({ slot, kernel }) => slot !== null && kernel > 0).map(({ kernel }) => kernel),
      ),
    ),
  ].sort((a, b) => a - b);
  const squeezes = network.groups.some(({ blocks }) => blocks.some(({ squeeze }) => squeeze));
  return html`${section(
    {
      id: "network",
      title: "The network",
      wide: true,
      about:
        "Input on the left. The height of a shape is the square root of its channels: an inverted bottleneck swells where it expands. An arc is a residual connection, ÷ 2 halves the resolution; the columns below are each block's share of the MACs.",
    },
    figure(
      networkDrawing(network),
      encodedWords(found.encoded),
      key([
        ...kernels.map((kernel) => ({
          colour: kernelColour(kernel),
          label: `${kernel} × ${kernel} kernel`,
        })),
        { colour: "var(--fixed)", label: "fixed: stem and head" },
        ...(squeezes ? [{ colour: "var(--soft)", outlined: true, label: "ring: squeeze-and-excitation" }] : []),
      ]),
      folded(
        "Every block in numbers",
        table(
          "Blocks of the found network, input first",
          [
            { head: "slot", of: ({ slot, group }) => slot ?? group },
            { head: "block", of: ({ name }) => html`<span class="mono">${name}</span>` },
            {
              head: "channels",
              of: ({ inChannels, hidden, outChannels, kind }) =>
                kind === "mbconv" ? `${inChannels} → ${hidden} → ${outChannels}` : `${inChannels} → ${outChannels}`,
              number: true,
            },
            { head: "output", of: ({ outHeight, outWidth }) => `${outHeight} × ${outWidth}`, number: true },
            { head: "MACs", of: ({ macs }) => countWords(macs), number: true },
            { head: "share", of: ({ share: part }) => percent(part), number: true },
            { head: "parameters", of: ({ params }) => countWords(params), number: true },
          ],
          network.groups.flatMap(({ name, blocks }) => blocks.map((block) => ({ ...block, group: name }))),
        ),
      ),
    ),
  )}${section(
    {
      id: "cost",
      title: "What it costs",
      about:
        "Multiply-adds for one image, on a logarithmic scale from the smallest to the largest network of the space.",
    },
    figure(ruler(story, found), rulerWords(story, found)),
    found.testPerClass && perClass(found.testPerClass),
    found.exported.length > 0 &&
      table(
        "Exported, below the run's folder",
        [
          { head: "file", of: ({ path }) => html`<span class="mono">${path}</span>` },
          { head: "size", of: ({ bytes }) => bytesWords(bytes), number: true },
          { head: "sha256", of: ({ sha256 }) => html`<span class="mono small">${sha256}</span>` },
        ],
        found.exported,
      ),
  )}`;
}

/** may break between stages, nowhere else */
const encodedWords = (encoded: string): Html =>
  html`<span class="mono">${encoded.split("/").map((stage, index) => html`${index > 0 && html`/<wbr>`}<span class="nowrap">${stage}</span>`)}</span>`;

function rulerWords({ alternatives, asked }: Story, found: Found): string {
  const { smallest, largest } = alternatives;
  const times = (a: number, b: number) => (b > 0 ? (a / b).toFixed(1) : "?");
  return `The found network needs ${times(found.macs, smallest.macs)} times the MACs of the smallest network of the space; the largest needs ${times(largest.macs, found.macs)} times those of the found one. ${countWords(found.macs)} multiply-adds are ${amount(2 * found.macs)} floating-point operations where a tool counts two for each.${asked.budget.params?.most === undefined ? "" : ` Parameters were limited to ${amount(asked.budget.params.most)}.`}`;
}

function ruler({ alternatives, asked }: Story, found: Found): Html {
  const [low, high] = [Math.max(1, alternatives.smallest.macs), Math.max(2, alternatives.largest.macs)];
  const place = (macs: number) => {
    const at = high > low ? (Math.log(Math.max(1, macs)) - Math.log(low)) / (Math.log(high) - Math.log(low)) : 0;
    return Math.round(Math.min(1, Math.max(0, at)) * 1000) / 10;
  };
  // a label near an end hangs towards the middle
  const hang = (at: number) =>
    at < 12
      ? "left:0;text-align:left"
      : at > 88
        ? "right:0;text-align:right"
        : `left:${at}%;transform:translateX(-50%);text-align:center`;
  const maxMacs = asked.budget.macs?.most ?? null;
  const at = place(found.macs);
  const limit = maxMacs === null ? null : place(maxMacs);
  return html`<div class="ruler" role="img" aria-label="${rulerLabel(alternatives.smallest.macs, found.macs, maxMacs, alternatives.largest.macs)}"><span class="track"></span>${
    limit !== null &&
    html`<span class="within" style="width:${limit}%"></span><span class="mark limit" style="left:${limit}%"></span>`
  }<span class="mark" style="left:0"></span><span class="mark" style="left:100%"></span><span class="mark found" style="left:${at}%"></span><span class="label" style="top:0;${hang(at)}"><b>found</b><br>${amount(found.macs)}</span>${
    limit !== null &&
    html`<span class="label" style="top:63px;color:var(--warm);${hang(limit)}">budget<br>${amount(maxMacs ?? 0)}</span>`
  }${(limit === null || limit >= 13) && html`<span class="label" style="top:63px;left:0">smallest<br>${amount(alternatives.smallest.macs)}</span>`}${
    (limit === null || limit <= 87) &&
    html`<span class="label" style="top:63px;right:0;text-align:right">largest<br>${amount(alternatives.largest.macs)}</span>`
  }</div>`;
}

const rulerLabel = (smallest: number, found: number, budget: number | null, largest: number): string =>
  `smallest ${amount(smallest)}, found ${amount(found)}, ${budget === null ? "" : `budget ${amount(budget)}, `}largest ${amount(largest)} MACs`;

/** most classes of which each gets a bar */
const barsShown = 24;

function perClass(classes: NonNullable<Found["testPerClass"]>): Html {
  const measured = classes
    .flatMap(({ name, accuracy }) => (accuracy === null ? [] : [{ name, accuracy }]))
    .sort((a, b) => b.accuracy - a.accuracy);
  if (measured.length === 0) return nothing;
  const half = barsShown / 2;
  const shown = measured.length <= barsShown ? measured : [...measured.slice(0, half), ...measured.slice(-half)];
  const left = measured.length - shown.length;
  return html`<h3>Test accuracy by class</h3>${
    left > 0 &&
    html`<p class="soft small">The ${half} best and the ${half} worst of ${measured.length} classes; the JSON report has all.</p>`
  }<div class="bars">${shown.map(
    ({ name, accuracy }, index) =>
      html`${left > 0 && index === half && html`<span class="gap">${countWords(left)} more</span>`}<span class="name">${name}</span>${bar([{ share: accuracy, colour: "var(--accent)" }], `${name}: ${percent(accuracy)}`)}<span>${percent(accuracy)}</span>`,
  )}</div>`;
}

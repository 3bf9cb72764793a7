import type { DrawnBlock, DrawnNetwork } from "../../story/network.js";
import { amount, countWords, share } from "../../util/format.js";
import { type Html, html } from "./markup.js";

/**
 * The network as a silhouette: the height of a shape is the square root of its channels, so an inverted bottleneck looks
 * like one, from its input width through the expansion to its output. The column below is its share of the MACs.
 */
const middle = 78;
const tallest = 62;
const barTop = 196;
const barTallest = 46;

export function networkDrawing(network: DrawnNetwork): Html {
  const blocks = network.groups.flatMap((group) => group.blocks);
  const widest = Math.max(1, ...blocks.map((block) => Math.max(block.inChannels, block.hidden, block.outChannels)));
  const largest = Math.max(1e-9, ...blocks.map((block) => block.share));
  // all on one line where the page has room, wider where blocks are few
  const alone = network.groups.filter((group) => group.blocks.length === 1).length;
  const room = 1064 - 6 * network.groups.length - 20 * alone;
  const step = Math.min(78, Math.max(40, Math.floor(room / Math.max(1, blocks.length))));
  const half = (channels: number) => Math.max(1.5, Math.sqrt(channels / widest) * tallest);
  return html`<div class="net" role="group" aria-label="Drawing of the network, input first">
${network.groups.map((group) => {
  const width = group.blocks.length * step;
  const last = group.blocks[group.blocks.length - 1];
  const isHead = group.name === "head";
  return html`<figure><svg width="${width}" height="262" viewBox="0 0 ${width} 262" role="img"><title>${group.name}: ${group.blocks.map(described).join("; ")}</title>
${group.blocks.map((block, index) => drawBlock(block, index * step, step, half, largest))}
</svg><div class="title" style="width:${Math.max(54, width - 6)}px"><b>${group.name}</b><br>${
    isHead
      ? html`${countWords(network.classes)}<br>${network.classes === 1 ? "class" : "classes"}`
      : html`${last.outChannels} wide<br>${last.outHeight} × ${last.outWidth}`
  }</div></figure>`;
})}
</div>`;
}

const described = (block: DrawnBlock): string =>
  `${block.slot ? `slot ${block.slot} ` : ""}${block.name}, ${block.inChannels} to ${block.outChannels} channels, ` +
  `${amount(block.macs)} MACs (${share(block.share)})`;

export const kernelColour = (kernel: number): string =>
  [1, 3, 5, 7, 9].includes(kernel) ? `var(--k${kernel})` : "var(--cut)";

function colourOf(block: Pick<DrawnBlock, "kind" | "kernel" | "slot">): string {
  if (block.slot === null) return "var(--fixed)";
  if (block.kind === "skip") return "none";
  return kernelColour(block.kernel);
}

function drawBlock(
  block: DrawnBlock,
  left: number,
  step: number,
  half: (channels: number) => number,
  largest: number,
): Html {
  const [x0, x1] = [left + 3, left + step - 3];
  const [a, b, c] = [half(block.inChannels), half(block.hidden), half(block.outChannels)];
  const [p, q] = [x0 + (x1 - x0) * 0.27, x0 + (x1 - x0) * 0.73];
  const y = (offset: number) => round(middle + offset);
  const shape =
    block.kind === "mbconv"
      ? `M${x0} ${y(-a)}L${round(p)} ${y(-b)}H${round(q)}L${x1} ${y(-c)}V${y(c)}L${round(q)} ${y(b)}H${round(p)}L${x0} ${y(a)}Z`
      : `M${x0} ${y(-a)}L${x1} ${y(-c)}V${y(c)}L${x0} ${y(a)}Z`;
  const centre = (x0 + x1) / 2;
  const top = middle - Math.max(a, b, c) - 5;
  const bar = (block.share / largest) * barTallest;
  const [main, detail] = nameLines(block.name);
  return html`<g>
${
  block.kind === "skip"
    ? html`<path d="M${x0} ${middle}H${x1}" stroke="var(--faint)" stroke-width="2" stroke-dasharray="3 4"/>`
    : html`<path d="${shape}" fill="${colourOf(block)}"/>`
}
${block.residual && html`<path d="M${x0 + 2} ${y(-a)}Q${x0 + 2} ${round(top)} ${round(p)} ${round(top)}H${round(q)}Q${x1 - 2} ${round(top)} ${x1 - 2} ${y(-c)}" fill="none" stroke="var(--faint)" stroke-width="1.5"/>`}
${block.squeeze && html`<circle cx="${centre}" cy="${middle}" r="5" fill="none" stroke="var(--card)" stroke-width="2.5"/>`}
<text class="m" x="${centre}" y="154" text-anchor="middle" font-size="${main.length > 4 ? 10 : 12}" font-weight="${block.slot ? 600 : 400}" fill="${block.slot ? "var(--ink)" : "var(--soft)"}">${main}</text>
<text class="m" x="${centre}" y="168" text-anchor="middle" font-size="${detail.length * 6.2 > step ? 8 : 10.5}" fill="var(--soft)">${detail}</text>
<text x="${centre}" y="182" text-anchor="middle" font-size="10" fill="var(--soft)">${block.stride > 1 && `÷ ${block.stride}`}</text>
<rect x="${round(x0 + (x1 - x0) * 0.16)}" y="${round(barTop + barTallest - bar)}" width="${round((x1 - x0) * 0.68)}" height="${round(Math.max(block.macs > 0 ? 1 : 0, bar))}" fill="${block.slot && block.kind !== "skip" ? colourOf(block) : "var(--fixed)"}" opacity=".75"/>
<text x="${centre}" y="257" text-anchor="middle" font-size="11" fill="var(--soft)">${block.macs > 0 ? share(block.share) : "0"}</text>
</g>`;
}

/** `k5e6se@hswish` on two lines: the kernel, then the rest */
function nameLines(name: string): [string, string] {
  const split = /^([kc]\d+)(.+)$/.exec(name);
  return split ? [split[1], split[2]] : [name, ""];
}

const round = (value: number): number => Math.round(value * 10) / 10;

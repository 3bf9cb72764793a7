import type { Story } from "../story/story.js";
import { mockNotice } from "../story/telling.js";
import { moment } from "../util/format.js";
import { answer, callout, foundSection, masthead } from "./html/answer.js";
import { decisionsSection, retrainSection } from "./html/decisions.js";
import { difficultySection } from "./html/difficulty.js";
import { type Html, html, nothing, trusted } from "./html/markup.js";
import { commandsSection, originSection } from "./html/origin.js";
import { spendingSection } from "./html/spending.js";
import { style } from "./html/style.js";

/** The story as one HTML page that needs nothing else: no script, no network. The same story gives the same bytes. */
export function renderHtml(story: Story): string {
  const body = html`${foundSection(story)}${difficultySection(story)}${decisionsSection(story)}${retrainSection(story)}${spendingSection(story)}${commandsSection(story)}${originSection(story)}`;
  const title = `${story.mock ? `${mockNotice} · ` : ""}${story.run} · danas`;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="generator" content="danas"><title>${title}</title><style>${trusted(style)}</style></head>
<body>${story.mock ? html`<div class="mock" role="note">${mockNotice}</div>` : nothing}
<main>${masthead(story)}${answer(story)}${callout(story)}${contents(body)}
${body}<footer>${story.mock && html`<b>${mockNotice}</b>. `}${story.latest !== null && `The journal's last entry is of ${moment(story.latest)}. `}Written by danas from the journal of “${story.run}”. No number here comes from anywhere else.</footer></main></body></html>
`;
  return page.text;
}

/** links to the sections that are there */
function contents({ text }: Html): Html {
  const titles = [...text.matchAll(/<h2 id="([a-z]+)-title">([^<]*)<\/h2>/g)];
  return html`<nav aria-label="Contents">${titles.map(([, id, title]) => html`<a href="#${id}">${trusted(title)}</a>`)}</nav>`;
}

import { type Html, html } from "./markup.js";

interface SectionOptions {
  readonly id: string;
  readonly title: string;
  readonly about?: Html | string;
  /** the heading above instead of beside: for pictures that need the page */
  readonly wide?: boolean;
}

export const section = (
  { id, title, about, wide }: SectionOptions,
  ...content: readonly (Html | false | null)[]
): Html =>
  html`<section id="${id}"${wide && html` class="wide"`} aria-labelledby="${id}-title"><header><h2 id="${id}-title">${title}</h2>${
    about && html`<p>${about}</p>`
  }</header><div>${content}</div></section>
`;

export interface Column<Row> {
  readonly head: string;
  readonly of: (row: Row) => Html | string | number;
  /** aligned to the right */
  readonly number?: boolean;
}

/** the first column heads its row */
export function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  return html`<div class="scroll"><table><caption>${caption}</caption><thead><tr>${columns.map(
    ({ head, number }) => html`<th scope="col"${number && html` class="n"`}>${head}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr>${columns.map(({ of, number }, index) =>
        index === 0 ? html`<th scope="row">${of(row)}</th>` : html`<td${number && html` class="n"`}>${of(row)}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`;
}

export const folded = (summary: string, content: Html): Html =>
  html`<details><summary>${summary}</summary>${content}</details>`;

export const figure = (picture: Html, caption: Html | string, ...below: readonly (Html | false | null)[]): Html =>
  html`<figure><div class="card">${picture}</div><figcaption>${caption}</figcaption>${below}</figure>`;

/** a bar of parts that together are at most 1 */
export const bar = (parts: readonly { share: number; colour: string }[], label: string): Html =>
  html`<span class="bar" role="img" aria-label="${label}">${parts.map(
    ({ share, colour }) => html`<i style="width:${(Math.max(0, share) * 100).toFixed(2)}%;background:${colour}"></i>`,
  )}</span>`;

export const key = (items: readonly { colour: string; opacity?: number; label: string; outlined?: boolean }[]): Html =>
  html`<ul class="key">${items.map(
    ({ colour, opacity, label, outlined }) =>
      html`<li><i style="${outlined ? `border:2px solid ${colour}` : `background:${colour}`}${opacity === undefined ? "" : `;opacity:${opacity}`}"></i>${label}</li>`,
  )}</ul>`;

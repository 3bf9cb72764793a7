/** HTML that is known to be safe: made by `html`, or by our own drawing code through `trusted`. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | null | undefined | false | readonly Part[];

/** A template in which every value is escaped unless it is Html itself; null, undefined and false leave nothing. */
export function html(strings: TemplateStringsArray, ...values: Part[]): Html {
  let text = strings[0];
  for (const [index, value] of values.entries()) text += textOf(value) + strings[index + 1];
  return new Html(text);
}

/** For markup whose every foreign string was escaped by who made it (the plotting library, the style sheet). */
export const trusted = (text: string): Html => new Html(text);

export const nothing = new Html("");

function textOf(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(textOf).join("");
  return escapeHtml(String(part));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeHtml = (text: string): string =>
  // control characters have no place in HTML or SVG, and a lone surrogate none in UTF-8
  text
    .replace(/\p{Surrogate}/gu, "\ufffd")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => entities[character]);

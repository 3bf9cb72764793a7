import { beforeAll, describe, expect, it } from "vitest";
import { builtinSpace } from "../spaces/builtins.js";
import { type Story, tellStory } from "../story/story.js";
import { mockNotice } from "../story/telling.js";
import { fashionClasses, type SampleOptions, sampleJournal } from "../story/testing/sample.js";
import { renderHtml } from "./html.js";
import { escaped, renderMarkdown } from "./markdown.js";

const small: SampleOptions = {
  space: builtinSpace("quickstart", { channels: 1, height: 28, width: 28 }, 10),
  classes: fashionClasses,
  maxMacs: 6e6,
  mock: false,
  rounds: [
    { name: "warm-up", epochs: 2, classes: 4, prune: 0, gates: false },
    { name: "round 1", epochs: 3, classes: 7, prune: 0.4, gates: true },
    { name: "round 2", epochs: 3, classes: 10, prune: 0.4, gates: true },
  ],
};

/** names that would end the page, a cell, a string or a template if they were let */
const hostile = [
  "<script>alert(1)</script>",
  `"><img src=x onerror=alert(2)>`,
  "' onmouseover='alert(3)",
  "</style></svg></title><svg/onload=alert(4)>",
  "]]>--><!--",
  "a | b\n# c\n| d",
  "{b} {c|d} {{x}} `code`",
  "[link](javascript:alert(5))",
  "\u0000\u001b\ud800",
  "&lt;b&gt; &amp; ".repeat(20),
];

/** the tags of a page in order, with their names only; attributes are checked apart */
const tagsOf = (page: string): string[] =>
  [...page.matchAll(/<(\/?[a-zA-Z!][\w!-]*)/g)].map(([, name]) => name.toLowerCase());

const voids = new Set(["!doctype", "meta", "br", "wbr"]);

/** @returns the first place where tags do not close in order, null where they all do */
function unbalanced(page: string): string | null {
  const open: string[] = [];
  for (const [tag, closes, name, selfClosed] of page.matchAll(
    /<(\/?)([a-zA-Z!][\w!-]*)(?:"[^"]*"|'[^']*'|[^'">])*?(\/?)>/g,
  )) {
    const known = name.toLowerCase();
    if (voids.has(known) || selfClosed) continue;
    if (!closes) open.push(known);
    else if (open.pop() !== known) return tag;
  }
  return open[0] ?? null;
}

describe("the page", () => {
  let page: string;
  let story: Story;
  beforeAll(() => {
    story = tellStory(sampleJournal(small));
    page = renderHtml(story);
  });

  it("needs nothing but itself", () => {
    expect(page).not.toMatch(/<(script|link|iframe|img|object|embed|base|form)\b/i);
    expect(page).not.toMatch(/\b(src|srcset|href)=(?!"#)/i);
    expect(page).not.toMatch(/@import|url\((?!#)/i);
    expect(
      [...page.matchAll(/https?:\/\/[^"' )]+/g)]
        .map(([link]) => link)
        .filter((link) => link !== "http://www.w3.org/2000/svg"),
    ).toEqual([]);
  });

  it("closes every tag it opens, and says in words what each picture shows", () => {
    expect(unbalanced(page)).toBeNull();
    const pictures = [...page.matchAll(/<svg\b[^>]*role="img"[^>]*>(.{0,7})/g)];
    expect(pictures.length).toBeGreaterThan(story.slots.length);
    for (const [, next] of pictures) expect(next).toBe("<title>");
    for (const [tag] of page.matchAll(/<(?:div|span)[^>]*role="img"[^>]*>/g)) expect(tag).toMatch(/aria-label="[^"]+"/);
  });

  it("has one id once, and every link of the contents leads somewhere", () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...page.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(5);
    for (const target of [...targets, ...[...page.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id)])
      expect(ids).toContain(target);
  });

  it("is the same, byte for byte, when it is written again", () => {
    expect(renderHtml(tellStory(sampleJournal(small)))).toBe(page);
  });

  it("says MOCK RESULT first, and in its title, exactly where the numbers are made up", () => {
    expect(page).not.toContain(mockNotice);
    const mock = renderHtml(tellStory(sampleJournal({ ...small, mock: true })));
    expect(mock.match(/<title>(.*?)<\/title>/)?.[1]).toContain(mockNotice);
    expect(mock.slice(mock.indexOf("<body>"))).toMatch(
      new RegExp(`^<body><div class="mock" role="note">${mockNotice}`),
    );
    expect(renderMarkdown(tellStory(sampleJournal({ ...small, mock: true }))).startsWith(`> **${mockNotice}**`)).toBe(
      true,
    );
  });

  it("shows what it was told: accuracy, cost, every slot's choice, every cut", () => {
    const { found, prunes } = story;
    if (!found) throw new Error("the sample finds a network");
    expect(page).toContain(`${((found.testAccuracy ?? 0) * 100).toFixed(1)}<small>%</small>`);
    expect(page).toContain(found.macs.toLocaleString("en-US"));
    const cuts = prunes.reduce((sum, prune) => sum + prune.cuts.length, 0);
    const rows = [...page.matchAll(/<caption>What was cut[\s\S]*?<tbody>([\s\S]*?)<\/tbody>/g)].map(
      ([, body]) => body.split("<tr>").length - 1,
    );
    expect(rows.reduce((sum, count) => sum + count, 0)).toBe(cuts);
    expect(cuts).toBeGreaterThan(0);
  });

  it("lets no name become markup: the tags are those of a page with harmless names", () => {
    // as many characters as the hostile have, so that both are cut alike for the labels
    const harmless = hostile.map((name, index) => String(index).padEnd(name.length, "x"));
    const pages = [hostile, harmless].map((classes) =>
      renderHtml(tellStory(sampleJournal({ ...small, classes, name: classes[0] }))),
    );
    expect(tagsOf(pages[0])).toEqual(tagsOf(pages[1]));
    expect(unbalanced(pages[0])).toBeNull();
    expect(pages[0]).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    for (const [tag] of pages[0].matchAll(/<[a-z](?:"[^"]*"|[^">])*>/gi)) {
      expect(tag.replace(/"[^"]*"/g, '""')).not.toMatch(/\son\w+\s*=/i);
    }
  });

  it("stays small at 21 slots x 19 candidates, 70 epochs and 1,000 classes", () => {
    const large = tellStory(
      sampleJournal({
        ...small,
        space: builtinSpace("danas-mobile", { channels: 3, height: 224, width: 224 }, 1000),
        classes: Array.from({ length: 1000 }, (_, index) => `n${String(index).padStart(8, "0")}`),
        maxMacs: 3.6e8,
        rounds: [
          { name: "warm-up", epochs: 10, classes: 100, prune: 0, gates: false },
          { name: "round 1", epochs: 20, classes: 300, prune: 0.4, gates: true },
          { name: "round 2", epochs: 20, classes: 600, prune: 0.4, gates: true },
          { name: "round 3", epochs: 20, classes: 1000, prune: 0.4, gates: true },
        ],
      }),
    );
    const text = renderHtml(large);
    expect(text.length).toBeLessThan(1_000_000);
    expect(text).toContain("30 of 1000 classes");
    expect(renderMarkdown(large).length).toBeLessThan(30_000);
  });
});

describe("the Markdown", () => {
  it("names versions by the alphabet, in whatever order the worker told them", () => {
    const rows = renderMarkdown(tellStory(sampleJournal(small))).matchAll(/^\| (danas|python|torch) \|/gm);
    expect([...rows].map(([, what]) => what)).toEqual(["danas", "python", "torch"]);
  });

  it("lets no name become a cell, a heading, a link or a tag", () => {
    const lines = (classes: readonly string[]) =>
      renderMarkdown(tellStory(sampleJournal({ ...small, classes, name: classes[0] })))
        .split("\n")
        .map((line) => `${/^#* ?/.exec(line)?.[0]}${line.replace(/\\./g, "").split("|").length}`);
    expect(lines(hostile)).toEqual(lines(hostile.map((_, index) => `class ${index}`)));
    expect(escaped("a|b\n<i>*c*</i> [d](e) `f` &lt;")).toBe("a\\|b \\<i\\>\\*c\\*\\</i\\> \\[d\\](e) \\`f\\` &amp;lt;");
  });
});

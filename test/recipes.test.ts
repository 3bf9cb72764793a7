import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";
import { budgetKey } from "../src/cost/written.js";
import { metricNames } from "../src/domain/cost.js";
import { jobKinds } from "../src/domain/job-kinds.js";
import { methods } from "../src/strategies/registry.js";

// The recipes of docs/design.md ("How to add"), held by what the sources say: of each thing that may be added, an example
// that is there today, and every file that knows of it, with the reason. A further file is a copy, or wants a reason here.

const root = fileURLToPath(new URL("..", import.meta.url));

/** file -> why it has to know */
type Reasons = Readonly<Record<string, string>>;

/** what a file says, without its comments */
function codeOf(file: string): string {
  const text = readFileSync(join(root, file), "utf8");
  if (file.endsWith(".py")) return text.replace(/"""[\s\S]*?"""/g, "").replace(/#.*$/gm, "");
  if (file.endsWith(".proto")) return text.replace(/\/\/.*$/gm, "");
  return parseSync(file, text).comments.reduceRight(
    (code, { start, end }) => code.slice(0, start) + code.slice(end),
    text,
  );
}

const code: ReadonlyMap<string, string> = new Map(
  ["proto", "src", "python_worker/danas_worker", "python_worker/danas_bench"]
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => `${folder}/${name}`))
    .filter((file) => /\.(proto|ts|py)$/.test(file) && !/\/generated\/|\/testing\/|\.test\.ts$/.test(file))
    .sort()
    .map((file) => [file, codeOf(file)]),
);

const filesThatSay = (pattern: RegExp): string[] =>
  [...code].filter(([, text]) => pattern.test(text)).map(([file]) => file);

function expectKnown(pattern: RegExp, reasons: Reasons, advice: string): void {
  const found = filesThatSay(pattern);
  const unexplained = found.filter((file) => !(file in reasons)).map((file) => `${file} names ${pattern}: ${advice}`);
  const gone = Object.keys(reasons).filter((file) => !found.includes(file));
  expect([...unexplained, ...gone.map((file) => `${file} no longer names ${pattern}: take it off this list`)]).toEqual(
    [],
  );
}

/** files by recipe, as docs/design.md has them */
const written: ReadonlyMap<string, readonly string[]> = new Map(
  readFileSync(join(root, "docs/design.md"), "utf8")
    .split("## How to add")[1]
    .split("\n## ")[0]
    .split("\n- **")
    .slice(1)
    .map((recipe) => [
      recipe.split("**")[0],
      [...recipe.matchAll(/`([\w/.-]+\.(?:proto|ts|py))`/g)].map(([, file]) => file),
    ]),
);

const pascal = (name: string): string => name.replace(/(?:^|[-_])(.)/g, (_, first: string) => first.toUpperCase());
const camel = (name: string): string => pascal(name).replace(/^./, (first) => first.toLowerCase());

describe("docs/design.md", () => {
  it("has a recipe for each, of files that are there", () => {
    expect([...written.keys()]).toEqual(["A field of a job", "A job kind", "A method", "A metric", "A block"]);
    const missing = [...written.values()].flat().filter((file) => !existsSync(join(root, file)));
    expect(missing, "the recipes of docs/design.md name files that are gone").toEqual([]);
  });
});

describe("a field of a job is known to its proto, and to those who make and use it:", () => {
  const advice =
    "a field has no mirror: take the generated type (src/domain, protocol/messages.py), or say here why this file makes or uses it";

  const data = {
    "proto/danas/v1/data.proto": "says what it is",
    "src/options/recipe.ts": "a config's key, its default",
    "python_worker/danas_worker/protocol/checks.py": "its range",
    "python_worker/danas_worker/data/augment.py": "crops by it",
  };
  const optimizer = {
    "proto/danas/v1/job.proto": "says what it is",
    "src/options/recipe.ts": "a config's key, its default",
    "src/bench/synthetic.ts": "a job made by hand, for the benches",
    "src/worker/door.ts": "a hint for people: set it",
    "python_worker/danas_worker/protocol/checks.py": "its range",
    "python_worker/danas_worker/training/optimizer.py": "clips by it",
    "python_worker/danas_worker/jobs/train.py": "a hint for people: set it",
  };
  const task = {
    "proto/danas/v1/job.proto": "says what it is",
    "src/options/recipe.ts": "a config's key, its default",
    "src/domain/plan.ts": "a recipe has it for whatever task the run has",
    "src/engine/programs/training.ts": "makes the task of the recipe",
    "src/bench/synthetic.ts": "a job made by hand, for the benches",
    "python_worker/danas_worker/protocol/checks.py": "its range",
    "python_worker/danas_worker/tasks/classification.py": "smooths by it",
  };

  it.each([
    ["min_area", data],
    ["clip_value", optimizer],
    ["label_smoothing", task],
  ] as const)("%s", (name, reasons) => {
    expectKnown(new RegExp(`\\b(${name}|${camel(name)})\\b`), reasons, advice);
  });
});

describe("a job kind", () => {
  const definition = {
    "proto/danas/v1/job.proto": "what is asked, and its place in Command",
    "proto/danas/v1/signal.proto": "what is answered, and its place in Reply",
    "src/domain/job-kinds.ts": "what is true of it",
    "src/worker/mock/jobs.ts": "what the mock answers",
    "python_worker/danas_worker/jobs/kinds.py": "its handler's place in the table",
  };
  const advice =
    "what is true of a kind stands in src/domain/job-kinds.ts, what carries it out in jobs/kinds.py; ask those tables instead";

  it("costs six files: bn-scales", () => {
    const reasons = { ...definition, "python_worker/danas_worker/jobs/bn_scales.py": "carries it out" };
    expect(Object.keys(reasons)).toHaveLength(6);
    expect(written.get("A job kind")).toEqual(expect.arrayContaining(Object.keys(reasons)));
    expectKnown(/\b(bn-scales|bn_scales|bnScales|BnScales(Read)?)\b/, reasons, advice);
  });

  it("costs those six besides who asks for it and who tells of it: restrict", () => {
    const reasons = {
      ...definition,
      "python_worker/danas_worker/jobs/restrict.py": "carries it out",
      "python_worker/danas_worker/jobs/checkpoint.py": "what was cut before is cut again when weights are put back",
      "src/strategies/machine.ts": "asks for it",
      "src/story/chronicle.ts": "counts what was freed",
    };
    expectKnown(/\b([Rr]estrict|Restricted)\b/, reasons, advice);
  });

  it("is one of all kinds in no other file", () => {
    const kinds = Object.keys(jobKinds);
    const names = (file: string, text: string) => (kind: string) =>
      file.endsWith(".ts")
        ? new RegExp(`"${kind}"|^\\s*${kind}[:(]`, "m").test(text)
        : new RegExp(`\\b${pascal(kind)}\\b`).test(text);
    const tables = [...code].filter(([file, text]) => kinds.filter(names(file, text)).length > kinds.length / 2);
    const reasons: Reasons = {
      ...definition,
      "src/worker/door.ts": "how long an answer's lists must be, where it has any",
      "python_worker/danas_worker/protocol/checks.py": "what a job may say that its types cannot, where there is such",
    };
    const unexplained = tables.map(([file]) => file).filter((file) => !(file in reasons));
    expect(unexplained.map((file) => `${file} tells the kinds of jobs apart: ${advice}`)).toEqual([]);
  });
});

describe("a method is its folder and one line of the registry:", () => {
  /** where the word means something else */
  const homonyms: Readonly<Record<string, Reasons>> = {
    random: {
      "src/strategies/da-nas/options.ts": "an order of classes",
      "src/curriculum/subsets.ts": "an order of classes",
    },
  };

  it.each(methods.map(({ name }) => name))("%s", (name) => {
    const own = [...code.keys()].filter((file) => file.startsWith(`src/strategies/${name}/`));
    expect(own.length, `src/strategies/${name}/ holds the method ${name}`).toBeGreaterThan(0);
    const reasons: Reasons = {
      ...Object.fromEntries(own.map((file) => [file, "the method's own"])),
      "src/strategies/registry.ts": "the one line",
      ...homonyms[name],
    };
    const named = new RegExp(`["'\`/]${name}["'\`/]${camel(name) === name ? "" : `|\\b${camel(name)}\\b`}`);
    const elsewhere = filesThatSay(named).filter((file) => !(file in reasons));
    const advice =
      "ask the registry for what is true of each method (src/strategies/method.ts), and say it in its folder";
    expect(elsewhere.map((file) => `${file} names the method ${name}: ${advice}`)).toEqual([]);
    expect(filesThatSay(named)).toContain("src/strategies/registry.ts");
  });
});

describe("a metric", () => {
  const limits = metricNames.flatMap((metric) => [budgetKey(metric, "most"), budgetKey(metric, "least")]);
  const named = new RegExp(`\\b(${[...metricNames, ...limits, "targetMacs"].join("|")})\\b`);
  const reasons: Reasons = {
    "src/domain/cost.ts": "the metrics",
    "src/cost/pricing.ts": "how each is priced",
    // multiply-adds alone, by their meaning
    "src/options/cost.ts": "a config's key: search.cost.targetMacs",
    "src/config/overrides.ts": "a hint for people: --set budget.maxMacs",
    "src/config/sections/ranking.ts": "reference networks are small, middling and large by their multiply-adds",
    "src/domain/job-kinds.ts": "work done is told in multiply-adds",
    "src/engine/work.ts": "work done is told in multiply-adds",
    "src/engine/step.ts": "work done is told in multiply-adds",
    "src/domain/decision.ts": "a cut tells the multiply-adds of what it cut",
    "src/strategies/prune.ts": "a cut tells the multiply-adds of what it cut",
    // what torch counts too
    "proto/danas/v1/signal.proto": "the worker's own count",
    "python_worker/danas_worker/jobs/prepare.py": "the worker's own count",
    "src/worker/door.ts": "the worker's own count",
    "src/engine/checks.ts": "compares the worker's count",
    "src/worker/mock/jobs.ts": "the mock's count, and the memory that is freed with parameters",
  };
  /** columns and sentences for people: where a further metric is to be seen is a choice */
  const telling = /^src\/(story|render|cli|bench)\//;

  it("is not named where costs are computed, limited, drawn or told apart", () => {
    const found = filesThatSay(named).filter((file) => !telling.test(file));
    const advice = "take metrics as they come (metricNames, Cost<M>), or say here why it is this one";
    expect(found.filter((file) => !(file in reasons)).map((file) => `${file} names a metric: ${advice}`)).toEqual([]);
    const gone = Object.keys(reasons).filter((file) => !found.includes(file));
    expect(gone.map((file) => `${file} no longer names a metric: take it off this list`)).toEqual([]);
  });
});

describe("a block of a space", () => {
  it("is known where it is written, made, priced, built and drawn", () => {
    // an mbconv by name, or any op told apart by its kind
    const named = /\b(MbConv|mbconv)\b|\bop\.kind\b/;
    const reasons = {
      "proto/danas/v1/space.proto": "what it is",
      "src/spaces/grammar.ts": "how it is written in a config",
      "src/config/sections/space.ts": "a config's help",
      "src/spaces/builder.ts": "made of what is written",
      "src/cost/pricing.ts": "what it costs",
      "python_worker/danas_worker/protocol/checks.py": "its ranges",
      "python_worker/danas_worker/network/blocks.py": "its module",
      "src/story/network.ts": "what is told of it",
      "src/render/html/answer.ts": "its widths in a table",
      "src/render/html/drawing.ts": "its shape in a drawing",
      // of a skip alone: a block that is none
      "src/config/sections/ranking.ts": "a reference network takes blocks, not skips",
      "src/worker/mock/jobs.ts": "a skip has no batch norm",
    };
    const advice = "a Block is the same tree everywhere: pass it on, or say here why this file looks into it";
    expectKnown(named, reasons, advice);
  });
});

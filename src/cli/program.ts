import { Command, InvalidArgumentError, Option } from "commander";
import type { Io } from "./io.js";

/**
 * Every command with its words, options and examples; what it does is in commands/, loaded when it is called. So
 * `danas --help` loads nothing but this file.
 * @param done is told the exit code
 */
export function buildProgram(io: Io, version: string, done: (code: number) => void): Command {
  const program = new Command("danas")
    .description("Neural architecture search that shows its work: every decision in the open, every run resumable.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .showHelpAfterError("(danas --help shows what there is)")
    .showSuggestionAfterError(true)
    // off is the default of every switch: nobody needs to be told
    .configureHelp({ optionDescription: (option) => describeOption(option) })
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .enablePositionalOptions()
    .exitOverride();

  /** runs the body and hands on its exit code */
  const does = (body: () => Promise<number>): Promise<void> => body().then(done);

  const command = (usage: string, about: string, group: string, examples: readonly string[]): Command =>
    program
      .command(usage)
      .description(about)
      .helpGroup(group)
      .addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}`);

  const begin = "To begin:";
  const runs = "To run:";
  const looks = "To look and ask:";
  const tools = "Tools:";

  const set = () =>
    new Option("--set <key=value>", "set a key of the config, such as search.batchSize=64 (may be repeated)")
      .argParser((value: string, before: string[]) => [...before, value])
      .default([]);
  const json = (what: string) => new Option("--json", `print ${what} as JSON`).default(false);
  const name = new Option("--name <name>", "name of the run; its folder is runs/<name>");
  const force = new Option("--force", "where there is a run of that name, put it aside").default(false);
  const open = new Option("--open", "open the report at the end").default(false);
  const quiet = new Option("-q, --quiet", "no progress, only the result line and what goes wrong").default(false);

  command("init", "write a config to begin with", begin, [
    "danas init",
    "danas init flowers.yaml --data folder",
    "danas init try.yaml --data mock",
  ])
    .argument("[file]", "where to write it", "danas.yaml")
    .addOption(
      new Option("--data <kind>", "what to search on")
        .choices(["fashion-mnist", "folder", "python", "mock"])
        .default("fashion-mnist"),
    )
    .option("--force", "replace the file", false)
    .action((file, options) => does(async () => (await import("./commands/init.js")).init(file, options, io)));

  command("doctor", "check what a search needs: Node, Python, GPU, data, disk", begin, [
    "danas doctor",
    "danas doctor --json",
  ])
    .addOption(json("the findings"))
    .action((options) => does(async () => (await import("./commands/doctor.js")).doctor(options, io)));

  command("validate", "check a config: all that can be known before anything starts", begin, [
    "danas validate danas.yaml",
    "danas validate danas.yaml --set budget.maxMacs=6M",
    "danas validate danas.yaml --resolved > full.yaml",
  ])
    .argument("<config>", "YAML file")
    .addOption(set())
    .option("--skip-data", "do not ask whether data, certificates and Python are there", false)
    .option("--resolved", "print the config with every default written out", false)
    .addOption(json("the plan"))
    .action((config, options) =>
      does(async () => (await import("./commands/validate.js")).validate(config, options, io)),
    );

  command("space", "show a search space; without a name, list the built-in ones", begin, [
    "danas space",
    "danas space danas-mobile",
    "danas space mobilenet-slim --input 3x64x64 --classes 20",
    "danas space danas.yaml --json",
  ])
    .argument("[space]", "a built-in space, or a config")
    .option("--input <shape>", "channels x height x width, such as 3x224x224")
    .addOption(new Option("--classes <n>", "number of classes").argParser(wholeNumber))
    .addOption(set())
    .addOption(json("the space"))
    .action((target, options) => does(async () => (await import("./commands/space.js")).space(target, options, io)));

  command("cost", "count multiply-adds and parameters, exactly", begin, [
    "danas cost danas.yaml",
    "danas cost --space mobilenet-v2",
    "danas cost --space macro-bench skip.k3e3/k3e3.skip.skip/k5e6.skip.skip --json",
  ])
    .argument("[args...]", "a config (unless --space is given) and a network")
    .option("--space <name>", "a built-in space, instead of a config")
    .option("--input <shape>", "channels x height x width, such as 3x224x224")
    .addOption(new Option("--classes <n>", "number of classes").argParser(wholeNumber))
    .addOption(set())
    .addOption(json("the costs"))
    .action((args, options) => does(async () => (await import("./commands/cost.js")).cost(args, options, io)));

  command("search", "search: rank the classes, search, retrain, test, report", runs, [
    "danas search danas.yaml",
    "danas search danas.yaml --name small --set budget.maxMacs=2M",
    "danas search examples/imagenet-mock.yaml | tail -n 1 | jq .architecture",
  ])
    .argument("<config>", "YAML file")
    .addOption(set())
    .addOption(name)
    .addOption(force)
    .addOption(quiet)
    .addOption(open)
    .addHelpText("after", stopping)
    .action((config, options) => does(async () => (await import("./commands/search.js")).search(config, options, io)));

  command("resume", "go on with a run that was stopped, killed or failed for want of something", runs, [
    "danas resume quickstart",
    "danas resume quickstart --set checkpoints.everySeconds=60",
  ])
    .argument("<run>", "its name, or its folder")
    .addOption(set())
    .addOption(quiet)
    .addHelpText("after", stopping)
    .action((run, options) => does(async () => (await import("./commands/resume.js")).resume(run, options, io)));

  command("rank", "only rank the classes by difficulty, for searches to come", runs, [
    "danas rank danas.yaml --out ranking.json",
    "danas search danas.yaml --set ranking.file=ranking.json",
  ])
    .argument("<config>", "YAML file")
    .option("--out <file>", "also write the ranking here")
    .addOption(set())
    .addOption(name)
    .addOption(force)
    .addOption(quiet)
    .addHelpText("after", stopping)
    .action((config, options) => does(async () => (await import("./commands/rank.js")).rank(config, options, io)));

  command("retrain", "train one network from scratch, test it once, export it", runs, [
    "danas retrain quickstart",
    "danas retrain quickstart --set retrain.epochs=100 --name quickstart-long",
    "danas retrain danas.yaml --architecture k3e3.skip/k5e6.k3e3.skip/k3e6.skip",
  ])
    .argument("<run-or-config>", "a run that has chosen, or a config")
    .option("--architecture <network>", "the network, instead of the run's")
    .addOption(set())
    .addOption(name)
    .addOption(force)
    .addOption(quiet)
    .addHelpText("after", stopping)
    .action((target, options) =>
      does(async () => (await import("./commands/retrain.js")).retrain(target, options, io)),
    );

  const worker = command("worker", "run the Python worker in the foreground; options are its own", runs, [
    "danas worker --listen 127.0.0.1:7777",
    "danas worker init-tls tls --host gpu-7.example.org",
    "danas worker -- --help",
  ])
    .argument("[args...]", "passed on to the worker")
    .allowUnknownOption()
    .passThroughOptions()
    .helpCommand(false)
    .action((args) => does(async () => (await import("./commands/worker.js")).worker(args, io)));

  worker
    .command("init-tls")
    .description("make what a worker on another machine needs: a private CA, two certificates, a token")
    .argument("<folder>", "where to write them: a new folder")
    .addOption(
      new Option("--host <name>", "name or address that the worker is reached by (may be repeated)")
        .argParser((value: string, before: string[]) => [...before, value])
        .default([])
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--port <n>", "the worker will listen on; telemetry on the next").argParser(wholeNumber).default(7777),
    )
    .addOption(new Option("--days <n>", "how long the certificates are valid").argParser(wholeNumber).default(365))
    .addHelpText("after", `\nExamples:\n  $ danas worker init-tls tls --host gpu-7.example.org --host 10.0.0.7`)
    .action((folder, options) =>
      does(async () => (await import("./commands/worker-init-tls.js")).initTls(folder, options, io)),
    );

  command("status", "how a run stands; without a name, all runs", looks, [
    "danas status",
    "danas status quickstart",
    "danas status quickstart --json | jq .progress",
  ])
    .argument("[run]", "its name, or its folder")
    .option("--runs <folder>", "where the runs are", "runs")
    .addOption(json("it"))
    .action((run, options) => does(async () => (await import("./commands/status.js")).status(run, options, io)));

  command("explain", "why a candidate was cut or kept", looks, [
    "danas explain quickstart",
    "danas explain quickstart 2.1",
    "danas explain quickstart 2.1:k5e6 --json",
  ])
    .argument("<run>", "its name, or its folder")
    .argument("[slot:candidate]", "a slot, such as 2.1, or a candidate in it, such as 2.1:k5e6")
    .option("--slot <slot>", "the slot")
    .option("--candidate <candidate>", "the candidate")
    .addOption(json("it"))
    .action((run, query, options) =>
      does(async () => (await import("./commands/explain.js")).explain(run, query, options, io)),
    );

  command("report", "write the run's report, finished or not", looks, [
    "danas report quickstart --open",
    "danas report quickstart --format md --out -",
  ])
    .argument("<run>", "its name, or its folder")
    .addOption(new Option("--format <format>", "of the report").choices(["html", "md", "json"]).default("html"))
    .option("--out <file>", "where to write it; - is standard output (default: report.<format> in the run's folder)")
    .option("--open", "open it", false)
    .action((run, options) => does(async () => (await import("./commands/report.js")).report(run, options, io)));

  command("replay", "decide the whole run again from its events, and compare", looks, [
    "danas replay quickstart",
    "danas replay quickstart --json",
  ])
    .argument("<run>", "its name, or its folder")
    .addOption(json("the outcome"))
    .action((run, options) => does(async () => (await import("./commands/replay.js")).replay(run, options, io)));

  command("events", "print the run's journal as JSON lines", looks, [
    "danas events quickstart | jq -c '.decisions[] | select(.type == \"prune\")'",
    "danas events quickstart --follow",
  ])
    .argument("<run>", "its name, or its folder")
    .option("-f, --follow", "go on as the run does", false)
    .addOption(new Option("--from <seq>", "first entry").argParser(wholeNumber).default(0))
    .action((run, options) => does(async () => (await import("./commands/events.js")).events(run, options, io)));

  command("bench", "measure on this machine; without a name, list what can be measured", tools, [
    "danas bench",
    "danas bench cost --json",
    "danas bench against-random --run quickstart",
  ])
    .argument("[name]", "what to measure")
    .option("--run <run>", "of against-random: the finished run")
    .addOption(
      new Option("--networks <n>", "of against-random: how many random networks").argParser(wholeNumber).default(5),
    )
    .addOption(json("the numbers"))
    .action((which, options) => does(async () => (await import("./commands/bench.js")).bench(which, options, io)));

  command("docs", "print the config's reference page, or its JSON Schema", tools, [
    "danas docs config",
    "danas docs schema > danas.schema.json",
  ])
    .addArgument(program.createArgument("<what>", "which").choices(["config", "schema"]))
    .action((what) => does(async () => (await import("./commands/docs.js")).docs(what, io)));

  program.commandsGroup(tools).helpCommand("help [command]", "show help on a command").addHelpText("after", overview);
  return program;
}

const overview = `
First steps:
  $ danas doctor                    is everything there?
  $ danas init                      a config to begin with
  $ danas search danas.yaml         search, retrain, test, report

Exit codes: 0 done, 1 failed, 2 usage or config, 75 stopped and resumable, 130 stopped at once.`;

const stopping = `
Ctrl-C writes a checkpoint and stops with exit code 75 (SIGTERM and SIGUSR1 do the same); a second one stops at once, 130.
The last line on standard output is one JSON object: run, architecture, macs, params, testAccuracy, searchSeconds, totalSeconds.`;

function describeOption({ description, argChoices, defaultValue }: Option): string {
  const notes: string[] = [];
  if (argChoices) notes.push(`one of ${argChoices.join(", ")}`);
  const off = defaultValue === undefined || defaultValue === false || Array.isArray(defaultValue);
  if (!off) notes.push(`default: ${String(defaultValue)}`);
  return notes.length > 0 ? `${description} (${notes.join("; ")})` : description;
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("it must be a whole number.");
}

import { z } from "zod";
import { recipe } from "../../options/recipe.js";
import { count, epochs, nonNegative, path, positive, seed } from "../../options/scalars.js";

/** Retraining, and what decides where and how a run is carried out. */

export const retrain = z
  .strictObject({
    architecture: z
      .string()
      .min(1)
      .max(10_000)
      .optional()
      .describe("The network to train, as `danas cost` writes it. Default: what the search found."),
    epochs: epochs.default(150).describe("Epochs from scratch."),
    split: z.enum(["full", "train"]).default("full").describe("full: train and validation images together."),
    test: z.boolean().default(true).describe("Measure the test set, once, at the end."),
    export: z.boolean().default(true).describe("Write the network for use without danas."),
    ...recipe({ batchSize: 256, learningRate: 0.05 }),
  })
  .prefault({})
  .describe("Training the found network from scratch.");

export const compute = z
  .strictObject({
    device: z.enum(["auto", "cpu", "cuda"]).default("auto").describe("auto: cuda where there is one."),
    precision: z
      .enum(["float32", "bfloat16", "float16"])
      .default("float32")
      .describe("Of the forward pass. float16 needs cuda."),
    channelsLast: z.boolean().default(true).describe("Memory order that convolutions like: up to 2x faster."),
    compile: z.boolean().default(false).describe("torch.compile; needs a C++ compiler, on cuda also Triton."),
    threads: z.int().min(0).max(4096).default(0).describe("CPU threads of the worker; 0 = all cores."),
  })
  .prefault({})
  .describe("What the worker computes with.");

export const pipeline = z
  .strictObject({
    lag: z
      .int()
      .min(0)
      .max(64)
      .default(1)
      .describe("Job k is proposed from the signals of jobs before k - lag. 0 = textbook order, the worker waits."),
    stepsPerJob: count.max(100_000).default(20).describe("Weight steps in a job, at most."),
  })
  .prefault({})
  .describe("How the search and the worker overlap.");

export const checkpoints = z
  .strictObject({
    everySeconds: nonNegative
      .default(5)
      .describe("Between checkpoints; longer where they take more than 1.5 % of the time. 0 = only at a stop."),
    keep: count.max(1000).default(2).describe("The last so many are kept."),
    rounds: z.boolean().default(true).describe("Also one at the start of each round after the first, kept for good."),
  })
  .prefault({})
  .describe("What a killed run goes on from.");

export const divergence = z
  .strictObject({
    rule: z
      .enum(["lower-rate", "skip-batch", "stop"])
      .default("lower-rate")
      .describe(
        "The weights go back to before the job that failed. lower-rate: it is done again, and all after it to the end of the program (rank, search or retrain), with learning rates times factor. skip-batch: the step that failed takes the next batch instead. stop: the run fails.",
      ),
    factor: positive.lt(1, "must be less than 1").default(0.5).describe("On every learning rate, each time."),
    tries: z.int().min(0).max(1000).default(3).describe("How often within one program, before the run fails."),
  })
  .prefault({})
  .describe("What to do where a loss becomes NaN or infinite.");

const jobMinutes = positive
  .max(100_000)
  .optional()
  .describe("A job that takes longer is taken for hung, and its worker for lost. Default: 60.");

const allowModules = z
  .array(z.string().regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, "must be the name of a Python module"))
  .optional()
  .describe("Python modules that may be imported as data factories. Default: the one that data.factory names.");
const pythonPath = z
  .array(path)
  .optional()
  .describe("Folders where those modules are found. Default: the config's folder, with data of source python.");
const pythonProgram = z
  .string()
  .min(1)
  .optional()
  .describe("A Python that has torch. Default: $DANAS_PYTHON, else the environment of `npm run setup`.");

const local = z
  .strictObject({
    kind: z.literal("local").default("local"),
    python: pythonProgram,
    allowModules,
    pythonPath,
    jobMinutes,
  })
  .describe("danas starts the Python worker itself.");

const grpc = z
  .strictObject({
    kind: z.literal("grpc"),
    address: z
      .string()
      .regex(/^(unix:\/.+|\[[0-9a-fA-F:]+\]:\d{1,5}|[^\s:/]+:\d{1,5})$/, "must be host:port or unix:/path")
      .describe("host:port, or unix:/path."),
    tls: z
      .strictObject({
        ca: path.describe("PEM file: who signed the worker's certificate."),
        cert: path.optional().describe("PEM file: our certificate, where the worker asks for one."),
        key: path.optional().describe("PEM file: its key."),
      })
      .optional()
      .describe(
        "Encryption. Needed for any address off this machine; `danas worker init-tls` makes the files (docs/security.md).",
      ),
    tokenVariable: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, "must be the name of an environment variable")
      .optional()
      .describe("Environment variable that holds the bearer token."),
    jobMinutes,
  })
  .describe("A worker that someone started: `danas worker --listen`.");

const embedded = z
  .strictObject({ kind: z.literal("embedded"), python: pythonProgram, allowModules, pythonPath, jobMinutes })
  .describe("Python bridged in through pythonia: no socket, no port.");

const mock = z
  .strictObject({
    kind: z.literal("mock"),
    seed: seed.default(1).describe("Of its made-up world."),
    noise: nonNegative.max(1).default(0.01).describe("Standard deviation of the noise on accuracies."),
    fastEpochs: positive.max(1e6).default(3).describe("Epochs in which good blocks learn the easiest class."),
    slowEpochs: positive.max(1e6).default(30).describe("The same for the hardest class."),
    imagesPerClass: count.max(1_000_000).default(100).describe("Training images of each class it claims to have."),
    stepMs: nonNegative.max(60_000).default(0).describe("Milliseconds that a step takes, really waited."),
  })
  .describe("Made-up numbers with a planted optimum, no Python: to try a config or a method in seconds.");

export const worker = z.discriminatedUnion("kind", [local, grpc, embedded, mock]).prefault({}).describe("Who trains.");

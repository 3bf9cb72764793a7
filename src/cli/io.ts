import pc from "picocolors";

export type Colors = ReturnType<typeof pc.createColors>;

/** What a command may know of the world around it. Read once, in main. */
export interface Io {
  /** for scripts: results, and nothing else */
  out(text: string): void;
  /** for people: words and progress */
  err(text: string): void;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** of standard error: whether it is a terminal that can be written over, and how wide it is */
  readonly animated: boolean;
  width(): number;
  readonly colors: Colors;
}

export function systemIo(): Io {
  const { env, stdout, stderr } = process;
  quietly(stdout);
  quietly(stderr);
  // a terminal of no size is one that nobody looks at
  const sized = (stderr.columns ?? 0) > 0 && (stderr.rows ?? 0) > 0;
  const animated = stderr.isTTY === true && sized && env.TERM !== "dumb" && !env.CI;
  // NO_COLOR counts where it is not empty (no-color.org)
  const colored = env.FORCE_COLOR
    ? env.FORCE_COLOR !== "0"
    : stderr.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    cwd: process.cwd(),
    env,
    animated,
    width: () => stderr.columns || 100,
    colors: pc.createColors(colored && !env.NO_COLOR),
  };
}

/** a reader that left (`danas events RUN | head`) is no error of ours */
function quietly(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
    throw error;
  });
}

import { CommanderError } from "commander";
import { exitCodeOf, renderFailure } from "./errors.js";
import type { Io } from "./io.js";
import { buildProgram } from "./program.js";

/** Carries one command line out. @param args without node and script. @returns the exit code */
export async function execute(args: readonly string[], io: Io, version: string): Promise<number> {
  let exitCode = 0;
  try {
    const program = buildProgram(io, version, (code) => {
      exitCode = code;
    });
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    // commander has said what it had to say; --help and --version are no mistakes
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.err(renderFailure(error, io.colors));
    return exitCodeOf(error);
  }
}

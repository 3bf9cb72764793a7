import { spawn } from "node:child_process";
import type { Io } from "./io.js";

/** Opens a file with what the desktop has for its kind. Where there is no desktop, says so: the file is there all the same. */
export async function openFile(file: string, io: Io, platform: NodeJS.Platform = process.platform): Promise<void> {
  const { env } = io;
  if (platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    io.err(`no desktop here to open it on: ${file}\n`);
    return;
  }
  const [command, ...args] =
    platform === "darwin" ? ["open"] : platform === "win32" ? ["cmd", "/c", "start", ""] : ["xdg-open"];
  const child = spawn(command, [...args, file], { stdio: "ignore", detached: true, env: env as NodeJS.ProcessEnv });
  await new Promise<void>((done) => {
    child.once("error", () => {
      io.err(`nothing here opens files (${command} is missing): open it yourself\n`);
      done();
    });
    child.once("spawn", done);
  });
  child.unref();
}

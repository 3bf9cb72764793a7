import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DanasError } from "../domain/errors.js";

/** Who works on a run now. One at a time: two would write two histories into one journal. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** when the process began, as the system counts; tells a process from a later one of the same number. "" = not known */
  readonly began: string;
}

const fileOf = (folder: string): string => join(folder, "owner.json");

const ourselves = (): Owner => ({ host: hostname(), pid: process.pid, began: beganOf(process.pid) });

/**
 * Takes the run folder for this process until `release`. What a killed process left is taken over.
 * @throws DanasError E_RUN_BUSY with the owner's host and pid
 */
export function claim(folder: string): { release(): void } {
  const me = ourselves();
  const own = `${fileOf(folder)}.${me.pid}.tmp`;
  write(own, me);
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        // a hard link is made whole or not at all, and never over another
        linkSync(own, fileOf(folder));
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const other = ownerOf(folder);
      if (other && isAlive(other) !== false) refuse(folder, other);
      if (attempt === 5)
        throw new DanasError("E_RUN_BUSY", `${folder} is being taken by another danas`, {
          hint: "try again",
          exitCode: 1,
        });
      setAside(folder, other);
    }
  } finally {
    rmSync(own, { force: true });
  }
  return {
    release() {
      const now = ownerOf(folder);
      if (now?.pid === me.pid && now.host === me.host) rmSync(fileOf(folder), { force: true });
    },
  };
}

/** moves a dead owner's file away; where someone else was quicker and it is theirs now, it goes back */
function setAside(folder: string, dead: Owner | null): void {
  const aside = `${fileOf(folder)}.${process.pid}.old`;
  try {
    renameSync(fileOf(folder), aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = read(aside);
  if (moved && JSON.stringify(moved) !== JSON.stringify(dead)) {
    try {
      linkSync(aside, fileOf(folder));
    } catch {
      // a third one is in
    }
  }
  rmSync(aside, { force: true });
}

function refuse(folder: string, { host, pid }: Owner): never {
  const elsewhere = host !== hostname();
  throw new DanasError("E_RUN_BUSY", `process ${pid} on ${host} works on ${folder}`, {
    hint: elsewhere
      ? `if that process is gone for good, remove ${fileOf(folder)}`
      : `\`danas status\` shows how far it is; Ctrl-C or \`kill ${pid}\` stops it, with a checkpoint`,
    exitCode: 1,
  });
}

export const ownerOf = (folder: string): Owner | null => read(fileOf(folder));

/** whether somebody works on the run now; only where that can be known */
export function aliveIn(folder: string): { alive?: boolean } {
  const owner = ownerOf(folder);
  const alive = owner === null ? false : isAlive(owner);
  return alive === undefined ? {} : { alive };
}

function read(file: string): Owner | null {
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as Partial<Owner>;
    return typeof value.host === "string" && typeof value.pid === "number"
      ? { host: value.host, pid: value.pid, began: value.began ?? "" }
      : null;
  } catch {
    return null;
  }
}

function write(file: string, owner: Owner): void {
  rmSync(file, { force: true });
  const descriptor = openSync(file, "wx", 0o600);
  writeSync(descriptor, JSON.stringify(owner));
  closeSync(descriptor);
}

/** undefined: on another machine, nobody can tell from here */
export function isAlive({ host, pid, began }: Owner): boolean | undefined {
  if (host !== hostname()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return began === "" || beganOf(pid) === "" || beganOf(pid) === began;
}

/** Linux: boot-relative start time, the 22nd field of /proc/PID/stat; the name before it may hold spaces and brackets */
function beganOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

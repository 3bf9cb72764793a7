import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { findPython } from "../worker/python.js";
import { listening } from "../worker/testing/remote-worker.js";
import { tlsFiles } from "./commands/worker-init-tls.js";
import { danas, mockConfig, shell, startDanas } from "./testing/harness.js";

let folder: string;
const at = (path: string): string => join(folder, path);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "danas-init-tls-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mode = (path: string): number => statSync(at(path)).mode & 0o777;
const certificate = (path: string) => new X509Certificate(readFileSync(at(path)));

describe("danas worker init-tls", () => {
  it("makes a CA, a certificate for each side and a token, for their owner alone", async () => {
    const { code, out, err } = await danas(folder, [
      ...["worker", "init-tls", "secrets/tls", "--host", "GPU-7.example.org", "--host", "[fe80::7]", "--days", "30"],
    ]);
    expect([code, err]).toEqual([0, ""]);
    expect(readdirSync(at("secrets"))).toEqual(["tls"]);
    expect(readdirSync(at("secrets/tls")).sort()).toEqual(Object.values(tlsFiles).sort());
    expect(mode("secrets/tls")).toBe(0o700);
    for (const file of Object.values(tlsFiles)) expect(mode(`secrets/tls/${file}`), file).toBe(0o600);

    const [ca, worker, client] = ["ca", "worker", "client"].map((name) => certificate(`secrets/tls/${name}.pem`));
    expect([ca.ca, worker.ca, client.ca]).toEqual([true, false, false]);
    for (const made of [ca, worker, client]) expect(made.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    for (const made of [worker, client]) expect(made.verify(ca.publicKey) && made.checkIssued(ca)).toBe(true);
    expect(worker.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]); // serverAuth
    expect(client.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]); // clientAuth
    for (const name of ["gpu-7.example.org", "localhost"]) expect(worker.checkHost(name)).toBe(name);
    for (const address of ["fe80::7", "127.0.0.1", "::1"]) expect(worker.checkIP(address), address).toBeDefined();
    expect([worker.checkHost("gpu-8.example.org"), worker.checkIP("10.0.0.1")]).toEqual([undefined, undefined]);
    for (const made of [ca, worker, client]) {
      const days = (Date.parse(made.validTo) - Date.now()) / 86_400_000;
      expect(days).toBeGreaterThan(29.99);
      expect(days).toBeLessThanOrEqual(30);
      expect(Date.parse(made.validFrom)).toBeLessThan(Date.now() - 3_000_000);
    }
    expect(out).toContain(`valid until ${new Date(worker.validTo).toISOString().slice(0, 10)}`);

    const token = readFileSync(at("secrets/tls/token"), "utf8");
    expect(Buffer.from(token.trim(), "base64url")).toHaveLength(32);
    expect(out).not.toContain(token.trim());
  });

  it("makes other keys and another token each time", async () => {
    for (const name of ["a", "b"]) await danas(folder, ["worker", "init-tls", name, "--host", "h"]);
    for (const file of Object.values(tlsFiles))
      expect(readFileSync(at(`a/${file}`)).equals(readFileSync(at(`b/${file}`))), file).toBe(false);
  });

  it("overwrites nothing, and leaves nothing half made", async () => {
    mkdirSync(at("mine"));
    writeFileSync(at("mine/ca.pem"), "mine");
    writeFileSync(at("file"), "mine");
    for (const name of ["mine", "file", "."]) {
      const { code, err } = await danas(folder, ["worker", "init-tls", name, "--host", "h"]);
      expect([code, err]).toEqual([2, expect.stringMatching(/^E_TLS_EXISTS .*\n {2}hint: name a new folder/)]);
    }
    expect(readdirSync(folder).sort()).toEqual(["file", "mine"]);
    const { code, err } = await danas(folder, ["worker", "init-tls", "file/tls", "--host", "h"]);
    expect([code, err]).toEqual([1, expect.stringMatching(/^E_TLS_WRITE .*\n {2}hint: /)]);
    mkdirSync(at("empty"), { mode: 0o755 });
    expect((await danas(folder, ["worker", "init-tls", "empty", "--host", "h"])).code).toBe(0);
    expect(mode("empty")).toBe(0o700);
  });

  it.each([
    [["--host", "gpu 7"], "E_TLS_HOST"],
    [["--host", "gpu-7:7777"], "E_TLS_HOST"],
    [["--host", "10.0.0.256"], "E_TLS_HOST"],
    [["--host", "0.0.0.0"], "E_TLS_HOST"],
    [["--host", "*.example.org"], "E_TLS_HOST"],
    [["--host", "-x"], "E_TLS_HOST"],
    [[], "E_TLS_HOST"],
    [["--host", "h", "--days", "0"], "E_TLS_DAYS"],
    [["--host", "h", "--days", "4000"], "E_TLS_DAYS"],
    [["--host", "h", "--port", "65535"], "E_TLS_PORT"],
  ])("%j is a mistake that is told", async (args, expected) => {
    const { code, err, out } = await danas(folder, ["worker", "init-tls", "tls", ...args]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(new RegExp(`^${expected} .*\\n {2}hint: \\S`));
    expect(existsSync(at("tls"))).toBe(false);
  });

  it("prints a shell's and a config's words for names that are hard for them", async () => {
    const { out } = await danas(folder, ["worker", "init-tls", "it's here: #1", "--host", "::1"]);
    expect(out).toContain(`--tls-cert 'it'\\''s here: #1/worker.pem'`);
    expect(parse(out.slice(out.indexOf("worker:\n")))).toMatchObject({
      worker: { address: "[::1]:7777", tls: { ca: at("it's here: #1/ca.pem") } },
    });
  });
});

describe("danas worker", () => {
  it.each([
    ["0.0.0.0:7777", []],
    ["gpu-7.example.org:7777", []],
    ["[::]:7777", ["--token-env", "DANAS_TOKEN"]],
  ])(
    "does not listen at %s without TLS and a token",
    async (listen, args) => {
      const token = { DANAS_TOKEN: "0123456789abcdef-secret" };
      const { code, out, err } = await startDanas(folder, ["worker", "--listen", listen, ...args], token).ended;
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(
        /^danas worker: cannot start\n {2}.* can be reached from other hosts: that needs TLS and a token\n {2}hint: .*--insecure\n$/,
      );
      expect(err).not.toContain(token.DANAS_TOKEN);
    },
    30_000,
  );
});

/** two ports in a row that nobody has: what init-tls gives gRPC and telemetry */
async function freePort(): Promise<number> {
  for (;;) {
    const one = createServer().listen(0, "127.0.0.1");
    await once(one, "listening");
    const { port } = one.address() as { port: number };
    const two = createServer().listen(port + 1, "127.0.0.1");
    const free = await once(two, "listening").then(
      () => true,
      () => false,
    );
    for (const server of [one, two]) server.close();
    if (free && port < 65_535) return port;
  }
}

/** every file below, whatever it is called */
const filesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const commandLineOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "utf8");

describe("a search on a worker that is set up as init-tls says", () => {
  it("runs, and the token is in no file, no output and no command line", async () => {
    const port = await freePort();
    const { out: words } = await danas(folder, [
      ...["worker", "init-tls", "tls", "--host", "127.0.0.1", "--port", String(port), "--days", "2"],
    ]);
    const token = readFileSync(at("tls/token"), "utf8").trim();
    const [, forWorker, forConfig] =
      /copied to tls:\n\n([\s\S]*?)\n\n\(with[\s\S]*?\n(worker:\n[\s\S]*)$/.exec(words) ?? [];
    // as a person would paste it, the token taken from its file
    const environment = { DANAS_PYTHON: findPython(null) };
    const remote = await listening(shell(folder, forWorker, environment));
    try {
      const small = mockConfig.replace("3x32x32", "3x8x8").replace("perClass: 40", "perClass: 8");
      const config = `${small.slice(0, small.indexOf("worker:"))}${forConfig}`;
      writeFileSync(at("far.yaml"), config);
      const { child, ended, saw } = startDanas(folder, ["search", "far.yaml"], { DANAS_TOKEN: token });
      await saw("worker on ");
      if (existsSync("/proc/self/cmdline")) {
        const seen = [commandLineOf(child.pid!), commandLineOf(remote.pid)];
        expect(seen[1], "this is the worker").toContain("--token-env\0DANAS_TOKEN");
        for (const line of seen) expect(line).not.toContain(token);
      }
      const { code, out, err } = await ended;
      expect([code, err]).toEqual([0, expect.stringContaining("worker on ")]);

      const files = [...filesBelow(at("runs/little")), ...filesBelow(at("danas-runs/little")), at("far.yaml")];
      const names = files.map((file) => file.slice(folder.length + 1));
      for (const name of ["journal.db", "plan.json", "resolved.yaml", "report.html"])
        expect(names).toContain(`runs/little/${name}`);
      expect(names.some((name) => /^danas-runs\/little\/.*\.(pt|safetensors)$/.test(name))).toBe(true);
      const secret = [token, Buffer.from(token).toString("base64").slice(0, 40), Buffer.from(token).toString("hex")];
      for (const file of files)
        for (const form of secret) expect(readFileSync(file).includes(form), `${form} in ${file}`).toBe(false);
      expect(readFileSync(at("runs/little/journal.db")).includes("begin-program"), "such files can be searched").toBe(
        true,
      );
      for (const said of [out, err, words, remote.said()]) expect(said).not.toContain(token);
      expect(remote.said(), "the worker's words were heard").toContain("run little, start 1: connected");

      for (const private_ of ["runs/little", "danas-runs", "danas-runs/little"])
        expect(mode(private_), private_).toBe(0o700);
      for (const file of files.filter((file) => !file.endsWith("far.yaml")))
        expect(statSync(file).mode & 0o077, `${file} is for its owner alone`).toBe(0);
    } finally {
      await remote.close();
    }
  }, 120_000);
});

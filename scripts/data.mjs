#!/usr/bin/env node
// Fetches Fashion-MNIST (Xiao, Rasul, Vollgraf 2017; MIT licence) from the first place that has it whole.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { cacheFolder, pythonEnvironment } from "./environment.mjs";
import { main, run, StepFailed } from "./lib.mjs";

// sha256 of the *uncompressed* files: mirrors compress them differently
const sums = {
  "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
  "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
  "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
  "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
};

const debianFolder = "/usr/share/datasets/fashion-mnist";
const cached = () => join(cacheFolder(), "fashion-mnist");

/** @returns what is wrong with the folder, or null where all four files are there and whole */
function problemWith(folder) {
  for (const [name, sum] of Object.entries(sums)) {
    const file = [join(folder, `${name}.gz`), join(folder, name)].find((path) => existsSync(path));
    if (!file) return `${name}.gz is not in ${folder}`;
    let bytes = readFileSync(file);
    try {
      if (file.endsWith(".gz")) bytes = gunzipSync(bytes);
    } catch (error) {
      return `${file} cannot be unpacked (${error.message})`;
    }
    if (createHash("sha256").update(bytes).digest("hex") !== sum)
      return `${file} is not the published file (sha256 differs)`;
  }
  return null;
}

/** fills a new folder, checks it, then puts it into the cache in one rename. @returns what went wrong, or null */
function install(fill) {
  mkdirSync(cacheFolder(), { recursive: true });
  const fresh = mkdtempSync(join(cacheFolder(), "fashion-mnist.tmp-"));
  try {
    fill(fresh);
    const problem = problemWith(fresh);
    if (problem) return problem;
    rmSync(cached(), { recursive: true, force: true });
    renameSync(fresh, cached());
    return null;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return error.message;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function fromDebian(folder) {
  const work = mkdtempSync(join(tmpdir(), "danas-deb-"));
  try {
    run("downloading the Debian package", "apt-get", ["download", "-q", "dataset-fashion-mnist"], { cwd: work });
    const deb = readdirSync(work).find((name) => name.endsWith(".deb"));
    run("unpacking the Debian package", "dpkg-deb", ["-x", join(work, deb ?? "missing.deb"), work]);
    cpSync(join(work, debianFolder), folder, { recursive: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function fromTorchvision(folder) {
  const { python } = pythonEnvironment();
  const program = "import sys, torchvision; torchvision.datasets.FashionMNIST(sys.argv[1], download=True)";
  run("torchvision's download", python, ["-c", program, folder]);
  const raw = join(folder, "FashionMNIST/raw");
  for (const name of readdirSync(raw)) renameSync(join(raw, name), join(folder, name));
  rmSync(join(folder, "FashionMNIST"), { recursive: true, force: true });
}

/**
 * @param named a folder the person names; nothing else is then tried
 * @returns the folder with the four files
 */
export function ensureFashionMnist(named = process.env.DANAS_FASHION_MNIST) {
  if (named) {
    const problem = problemWith(named);
    if (problem === null) return named;
    throw new StepFailed(
      "finding Fashion-MNIST",
      problem,
      "name a folder that holds the four published files, or unset DANAS_FASHION_MNIST",
    );
  }
  for (const folder of [cached(), debianFolder]) if (existsSync(folder) && problemWith(folder) === null) return folder;
  const tried = [];
  for (const [how, fill] of [
    ["the Debian package", fromDebian],
    ["torchvision's download", fromTorchvision],
  ]) {
    console.error(`fetching Fashion-MNIST (30 MB): ${how}`);
    const problem = install(fill);
    if (problem === null) return cached();
    tried.push(`${how}: ${problem}`);
  }
  throw new StepFailed(
    "fetching Fashion-MNIST",
    `no source had it\n  ${tried.join("\n  ")}`,
    "check the network and run again, or put the four .gz files into a folder and set DANAS_FASHION_MNIST to it",
  );
}

main(import.meta.url, () => console.log(ensureFashionMnist(process.argv[2])));

import pc from "picocolors";
import { describe, expect, it } from "vitest";
import type { View } from "./live.js";
import { renderLine, renderPanel } from "./render.js";

const view: View = {
  program: "search",
  progress: {
    label: "round 2, epoch 3 of 20",
    classes: 600,
    alive: 212,
    candidates: 399,
    stepsDone: 430,
    stepsTotal: 1000,
  },
  loss: 1.23456,
  samplesPerSecond: 5120.4,
  split: { data: 0.04, compute: 0.93, wait: 0.03 },
  leftMs: 192_000,
  mock: false,
};
const plain = pc.createColors(false);

describe("the progress", () => {
  it("is one plain line in a log", () => {
    expect(renderLine(view)).toBe(
      "search: round 2, epoch 3 of 20, 600 classes, 212 of 399 candidates alive, 43 %, loss 1.235, 5,120 images/s, time: data 4 % compute 93 % wait 3 %, 3 min 12 s left",
    );
  });

  it("is two lines on a terminal, no wider than it", () => {
    const lines = renderPanel(view, 120, plain).split("\n");
    expect(lines[0]).toBe("search  round 2, epoch 3 of 20  600 classes  212 of 399 candidates alive");
    expect(lines[1]).toBe(
      `${"━".repeat(12)}${"─".repeat(16)}  43 %  loss 1.235  5,120 images/s  time: data 4 % compute 93 % wait 3 %  3 min 12 s left`,
    );
    expect(lines[1].length).toBeLessThanOrEqual(120);
    expect(renderPanel(view, 60, plain)).not.toContain("━");
  });

  it("says where numbers are made up, and what is not known yet is not said", () => {
    const early: View = {
      ...view,
      program: null,
      progress: null,
      loss: null,
      samplesPerSecond: null,
      split: null,
      leftMs: null,
      mock: true,
    };
    expect(renderLine(early)).toBe("MOCK opening the data");
    expect(renderPanel({ ...view, mock: true }, 120, plain)).toMatch(/^MOCK: made-up numbers/);
  });
});

import { appendFileSync } from "node:fs";

/**
 * The long form of the suites: `npm run test:torture`. Its counts go to the file that DANAS_TORTURE_COUNTS names, a line
 * each, for the summary at its end.
 */
export const torture = {
  on: process.env.DANAS_TORTURE === "1",
  /** of everything random in the suites; printed by the long form, which may set another one */
  seed: Number(process.env.DANAS_TORTURE_SEED ?? 1),
  count(what: string, times: number): void {
    const file = process.env.DANAS_TORTURE_COUNTS;
    if (file) appendFileSync(file, `${JSON.stringify({ what, times })}\n`);
  },
};

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 30_000,
    // two cores are the smallest machine we promise: more workers than that only slow the Python ones down
    maxWorkers: 2,
  },
});

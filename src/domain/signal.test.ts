import { expect, it } from "vitest";
import { classAccuracies } from "./signal.js";

it("a class without images in the stream is told from one that was never recognised", () => {
  expect(classAccuracies({ loss: 2, accuracy: 0.5, perClass: [0, -1, 1], samples: 10 })).toEqual([0, null, 1]);
});

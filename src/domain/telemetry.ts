/** A lossy frame for live views. Nothing is decided from it. */
export type Frame =
  | {
      readonly kind: "step";
      readonly run: string;
      readonly jobId: number;
      readonly job: string;
      /** steps of the job done so far, of so many */
      readonly step: number;
      readonly steps: number;
      readonly loss: number | null;
      readonly samplesPerSecond: number;
      /** share of a step's time, milliseconds */
      readonly dataMs: number;
      readonly computeMs: number;
      readonly waitMs: number;
      readonly memoryBytes: number;
    }
  | { readonly kind: "log"; readonly run: string; readonly level: "info" | "warn"; readonly message: string };

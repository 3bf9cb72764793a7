import { cpus } from "node:os";

/** One measured number. For rates and times: the median over the repeats, with the least and the most. */
export interface BenchCase {
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly repeats: number;
}

export interface BenchResult {
  readonly name: string;
  readonly device: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly BenchCase[];
}

/** where it was measured */
export function environment(): Pick<BenchResult, "device" | "versions"> {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? "unknown processor";
  return {
    device: `${processors.length} x ${model}`,
    versions: { node: process.version, platform: `${process.platform} ${process.arch}` },
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export interface MeasureOptions {
  readonly warmups: number;
  readonly repeats: number;
}

/** milliseconds of each repeat, after the warm-ups */
export function timed(body: (repeat: number) => void, { warmups, repeats }: MeasureOptions): number[] {
  for (let i = 0; i < warmups; i++) body(i);
  return Array.from({ length: repeats }, (_, repeat) => {
    const before = performance.now();
    body(repeat);
    return performance.now() - before;
  });
}

export const caseOf = (name: string, unit: string, values: readonly number[]): BenchCase => ({
  case: name,
  value: median(values),
  unit,
  min: Math.min(...values),
  max: Math.max(...values),
  repeats: values.length,
});

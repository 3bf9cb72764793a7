import { assertNever } from "../domain/errors.js";
import type { LearningRate } from "../domain/plan.js";

/**
 * The learning rate of one weight step. With N steps after the warm-up and t = (steps since) / N in [0, 1), as
 * ProxylessNAS' code counts per batch [C]:
 *
 *   cosine            to + (from - to) (1 + cos pi t) / 2
 *   linear            from + (to - from) t
 *   constant          from
 *   cosine-restarts   cosine of the fractional part of (cycles t)
 *
 * The warm-up rises linearly from zero, which no step gets, to `from`, which the first step after it gets.
 *
 * @param step from 0, of the steps that the schedule spans
 */
export function learningRateAt(rate: LearningRate, step: number, stepsTotal: number, stepsPerEpoch: number): number {
  const warmup = Math.min(stepsTotal, Math.round(rate.warmupEpochs * stepsPerEpoch));
  if (step < warmup) return (rate.from * (step + 1)) / (warmup + 1);
  const t = Math.min(1, (step - warmup) / Math.max(1, stepsTotal - warmup));
  switch (rate.shape) {
    case "cosine":
      return cosine(rate, t);
    case "linear":
      return rate.from + (rate.to - rate.from) * t;
    case "constant":
      return rate.from;
    case "cosine-restarts":
      return cosine(rate, (t * rate.cycles) % 1);
    default:
      return assertNever(rate.shape);
  }
}

const cosine = ({ from, to }: LearningRate, t: number): number => to + ((from - to) * (1 + Math.cos(Math.PI * t))) / 2;

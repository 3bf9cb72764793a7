import { z } from "zod";
import type { InputShape } from "../domain/space.js";
import { parseMacs } from "../util/units.js";

/** Small values that a config writes in a way of its own. What a person writes is the input, what we compute with the output. */

/** an amount with a unit: `300M`, `1.2G`, `4000000` */
export const amount = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const parsed = parseMacs(String(value));
    if (parsed !== null) return parsed;
    context.addIssue({
      code: "custom",
      message: `must be an amount with a unit, such as 300M or 1.2G, not ${JSON.stringify(value)}`,
    });
    return z.NEVER;
  })
  .meta({ written: "an amount: 300M, 1.2G" });

export type Amount = string | number;

/** exact, and never a number that would be refused for want of a unit */
export const writeAmount = (value: number): Amount => (value >= 10_000 ? value : `${value / 1000}K`);

/** @param written by writeAmount */
export const readAmount = (written: Amount): number => parseMacs(String(written)) as number;

const shapePattern = /^(\d{1,5})x(\d{1,5})x(\d{1,5})$/;

/** channels x height x width: `3x224x224` */
export const inputShape = z
  .string()
  .regex(shapePattern, "must be channels x height x width, such as 3x224x224")
  .transform((text, context): InputShape => {
    const { channels, height, width } = readShape(text);
    if (channels >= 1 && height >= 1 && width >= 1 && height <= 16_384 && width <= 16_384) {
      return { channels, height, width };
    }
    context.addIssue({ code: "custom", message: "must have at least 1 channel, and sides from 1 to 16384 pixels" });
    return z.NEVER;
  })
  .meta({ written: "a shape: 3x224x224" });

/** @param written as the pattern has it */
export function readShape(written: string): InputShape {
  const [channels, height, width] = shapePattern.exec(written)!.slice(1).map(Number);
  return { channels, height, width };
}

export const printShape = ({ channels, height, width }: InputShape): string => `${channels}x${height}x${width}`;

/** how many classes: a count, a share of them (`30%`), or `all` */
export const classCount = z
  .union([z.int().min(1), z.string()])
  .transform((value, context): ClassCount => {
    if (typeof value === "number") return { count: value };
    if (value === "all") return { share: 1 };
    const percent = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(value);
    const share = percent ? Number(percent[1]) / 100 : 0;
    if (share > 0 && share <= 1) return { share };
    context.addIssue({
      code: "custom",
      message: `must be a count, a share such as 30%, or all, not ${JSON.stringify(value)}`,
    });
    return z.NEVER;
  })
  .meta({ written: "a count, a share such as 30%, or all" });

export type ClassCount = { readonly count: number } | { readonly share: number };

/** how many classes of so many; a share is never less than two */
export const classesOf = (wanted: ClassCount, classes: number): number =>
  "share" in wanted ? Math.min(classes, Math.max(2, Math.round(wanted.share * classes))) : wanted.count;

export const fraction = z.number().min(0).max(1);
export const positive = z.number().gt(0).max(1e9);
export const nonNegative = z.number().min(0).max(1e9);
export const count = z.int().min(1).max(1_000_000_000);
/** epochs, rounds: what is counted in a person's patience */
export const epochs = z.int().min(1).max(100_000);
export const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
export const path = z
  .string()
  .min(1)
  .refine((text) => !text.includes("\0"), "must not hold a NUL byte")
  .meta({ written: "a path, from the config's folder" });

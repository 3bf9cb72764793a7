const scales = { K: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;

/**
 * An amount for people: `61.2M`, `301M`, `980`. Three digits; without a point only what is exact, so `40M` is 40,000,000
 * and `40.0M` nearly so. parseMacs reads it again, up to T.
 */
export function amount(value: number): string {
  const units = ["", "k", "M", "G", "T", "P", "E"];
  let unit = 0;
  let rest = value;
  // 999,960 would be 1000k: what rounds up to the next unit is written in it
  while (Math.abs(rest) >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return (Number.isInteger(rest) ? String(rest) : significant(rest)) + units[unit];
}

/** three significant digits, in exponents only what is nearly nothing */
export function significant(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.9995) return value.toFixed(2);
  if (size >= 0.0005) return value.toFixed(3);
  return value.toExponential(1);
}

/** `300M`, `1.2G`, `4000000`. Without a unit only whole numbers of at least 10,000: "300" is surely meant as 300M. @returns null where it is none of these */
export function parseMacs(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT])?\s*$/i.exec(text);
  if (!match) return null;
  const unit = match[2]?.toUpperCase() as keyof typeof scales | undefined;
  const value = Math.round(Number(match[1]) * (unit ? scales[unit] : 1));
  if (!unit && (!/^\d+$/.test(match[1]) || value < 10_000)) return null;
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** a limit on waiting, as it was set: `15 min`, `0.3 s` */
export const limitWords = (ms: number): string => (ms >= 60_000 ? `${Math.round(ms / 60_000)} min` : `${ms / 1000} s`);

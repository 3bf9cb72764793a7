const scales = { K: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;

/** `61.2M`, `4.25M`, `980`: three digits or more; without a point only what is exact, so `40M` is 40,000,000 and `40.0M` nearly so */
export function formatMacs(macs: number): string {
  for (const [unit, scale] of Object.entries(scales).reverse()) {
    const value = macs / scale;
    // 999,960 would be 1000.0K: what rounds up to the next unit is written in it
    if (value < 0.9995) continue;
    if (macs < scale && scale === scales.K) continue;
    if (Number.isInteger(value)) return `${value}${unit}`;
    return `${value.toFixed(value < 9.995 ? 2 : value < 999.95 ? 1 : 0)}${unit}`;
  }
  return String(macs);
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

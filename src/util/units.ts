const scales = { K: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;

/** `61.2M`, `4.00M`, `980`: three digits or more, exact below 1000 */
export function formatMacs(macs: number): string {
  for (const [unit, scale] of Object.entries(scales).reverse()) {
    if (macs < scale) continue;
    const value = macs / scale;
    return `${value.toFixed(value < 10 ? 2 : value < 1000 ? 1 : 0)}${unit}`;
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

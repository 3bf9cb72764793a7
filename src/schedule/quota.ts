/** How many of a slot's candidates a round cuts: floor(ratio x alive), always leaving one (METHODS 1.6 [S]). */
export function pruneQuota(alive: number, ratio: number): number {
  // 0.29 x 100 is 28.999999999999996 in binary; a person who writes 0.29 means 29
  return Math.max(0, Math.min(alive - 1, Math.floor(ratio * alive + 1e-9)));
}

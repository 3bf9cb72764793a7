/**
 * Randomness is passed in, by name. `rng(seed).fork("propose").fork(12)` is a stream of its own whoever else draws, so a
 * replay, or a search resumed in the middle, draws the same numbers without anyone having kept a generator's state.
 *
 * The generator is sfc32 (Doty-Humphrey; passes PractRand), keyed by a hash of seed and names.
 */
export interface Rng {
  /** an independent stream named by the path of forks */
  fork(name: string | number): Rng;
  /** uniform in [0, 1), 32 bits */
  next(): number;
  /** uniform integer in [0, n), unbiased */
  int(n: number): number;
  /** standard normal (Box-Muller) */
  normal(): number;
  /** index drawn with probability proportional to its weight */
  pick(weights: readonly number[]): number;
  /** a shuffled copy (Fisher-Yates) */
  shuffle<T>(items: readonly T[]): T[];
}

export function rng(seed: number | string): Rng {
  return make(mix([0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef], String(seed)));
}

/** a seed for someone else's generator, in [0, 2^53) */
export function deriveSeed(source: Rng): number {
  return source.int(1 << 21) * 2 ** 32 + source.int(2 ** 32);
}

type Key = readonly [number, number, number, number];

function make(key: Key): Rng {
  let [a, b, c, d] = key;
  const next32 = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next32();
  const next = (): number => next32() / 2 ** 32;
  const int = (n: number): number => {
    // reject the tail of 2^32 that would make small numbers likelier
    const limit = 2 ** 32 - (2 ** 32 % n);
    let x = next32();
    while (x >= limit) x = next32();
    return x % n;
  };
  return {
    fork: (name) => make(mix(key, typeof name === "number" ? `#${name}` : name)),
    next,
    int,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick(weights) {
      let total = 0;
      for (const weight of weights) total += weight;
      let left = next() * total;
      let last = 0;
      for (let i = 0; i < weights.length; i++) {
        if (weights[i] <= 0) continue;
        last = i;
        left -= weights[i];
        if (left < 0) return i;
      }
      return last;
    },
    shuffle(items) {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [copy[i], copy[j]] = [copy[j], copy[i]];
      }
      return copy;
    },
  };
}

/** absorbs a name into a key: four multiply-xor lanes over its UTF-16 units, then a cross-lane finish */
function mix(key: Key, name: string): Key {
  let [a, b, c, d] = key;
  for (let i = 0; i < name.length; i++) {
    const k = name.charCodeAt(i);
    a = b ^ Math.imul(a ^ k, 597399067);
    b = c ^ Math.imul(b ^ k, 2869860233);
    c = d ^ Math.imul(c ^ k, 951274213);
    d = a ^ Math.imul(d ^ k, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  return [a ^ b ^ c ^ d, b ^ a, c ^ a, d ^ a];
}

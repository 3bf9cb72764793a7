/** ln sum exp(x), without overflow. -Infinity for no numbers. */
export function logSumExp(values: readonly number[]): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > most) most = value;
  if (most === Number.NEGATIVE_INFINITY) return most;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - most);
  return most + Math.log(sum);
}

/** exp(x_i) / sum exp(x), without overflow */
export function softmax(values: readonly number[]): number[] {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > most) most = value;
  let sum = 0;
  const weights = values.slice();
  for (let i = 0; i < values.length; i++) sum += weights[i] = Math.exp(values[i] - most);
  for (let i = 0; i < weights.length; i++) weights[i] /= sum;
  return weights;
}

/** Shannon's, in nats; 0 ln 0 = 0 */
export function entropy(probabilities: readonly number[]): number {
  let nats = 0;
  for (const p of probabilities) if (p > 0) nats -= p * Math.log(p);
  return nats;
}

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** arithmetic mean. @throws where there is nothing to average: NaN has no place in plain JSON */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new Error("the mean of no numbers");
  return sum(values) / values.length;
}

/** of the values before each, and of all: one more than there are values */
export function prefixSums(values: readonly number[]): number[] {
  const sums = [0];
  for (const value of values) sums.push(sums[sums.length - 1] + value);
  return sums;
}

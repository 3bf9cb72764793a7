/** Batches in one pass: a shuffled stream drops the incomplete last batch, unless it is the only one. */
export const stepsPerEpoch = (images: number, batchSize: number): number => Math.max(1, Math.floor(images / batchSize));

/** Weight steps in so many epochs; a fraction of an epoch is rounded to whole steps. */
export const stepsIn = (epochs: number, perEpoch: number): number => Math.round(epochs * perEpoch);

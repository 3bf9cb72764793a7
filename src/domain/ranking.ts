/** Class difficulty. METHODS 1.1: train a reference network, score its per-class validation accuracy over epochs. */

/**
 * auc [O, default]: mean over epochs, high = easy. row-variance [S, the paper's]: variance over epochs, high = easy.
 * final-error [O]: error after the last epoch, low = easy.
 */
export type DifficultyScore = "auc" | "row-variance" | "final-error";

export interface ClassDifficulty {
  readonly name: string;
  /** accuracy per epoch, fraction: one row per reference network */
  readonly curves: readonly (readonly number[])[];
  /** mean over the references */
  readonly scores: Readonly<Record<DifficultyScore, number>>;
}

/** A versioned artefact, reusable by later searches on the same data. */
export interface Ranking {
  readonly version: 1;
  readonly fingerprint: string;
  readonly score: DifficultyScore;
  /** encoded reference networks */
  readonly references: readonly string[];
  /** from easy to hard under `score` */
  readonly classes: readonly ClassDifficulty[];
  /** Spearman rank correlation between the three scores' easy-to-hard orders */
  readonly scoreAgreement: readonly {
    readonly a: DifficultyScore;
    readonly b: DifficultyScore;
    readonly rho: number;
  }[];
  /** Spearman correlation of `score` between each two reference networks */
  readonly referenceAgreement: readonly { readonly a: number; readonly b: number; readonly rho: number }[];
}

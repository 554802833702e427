/** What a check of the audit has found. */
export interface Finding {
  /** Things that were looked at. */
  readonly checked: number;
  /** A sentence for each violation. */
  readonly violations: readonly string[];
}

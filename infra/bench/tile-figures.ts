/** What tiles of some pictures cost, all together. */
export interface TileFigures {
  readonly bytes: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
  readonly uploadMs: number;
}

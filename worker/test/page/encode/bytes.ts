/** A file of its parts. */
export const joined = (parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);

/** Numbers that are the same every time, from 0 to below 1. */
export function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

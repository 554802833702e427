/** What those hear who do not see it: each entry is read once, also one that repeats what was said before. */
import { VIEWER_LIMITS } from '../../limits.ts';

export interface Spoken {
  /** Counts up. */
  readonly id: number;
  readonly text: string;
}

/** Of too many, those that came first go. */
export function withSpoken(spoken: readonly Spoken[], texts: readonly string[]): readonly Spoken[] {
  if (texts.length === 0) return spoken;
  const first = (spoken.at(-1)?.id ?? 0) + 1;
  return [...spoken, ...texts.map((text, at) => ({ id: first + at, text }))].slice(-VIEWER_LIMITS.spoken);
}

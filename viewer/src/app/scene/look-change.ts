/** A session's look where others have changed it, too: what changes in the form changes there, and nothing else. */
import type { Look } from '../../live/viewport-types.ts';

/**
 * @param shown what the live view shows.
 * @param before what the form said.
 * @param after what it says now.
 */
export function changedLook(shown: Look, before: Look, after: Look): Look {
  const isOther = (key: string) => JSON.stringify(Reflect.get(before, key)) !== JSON.stringify(Reflect.get(after, key));
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(isOther);
  const { samples, clip, fps, toneMapping, exposureEv, background, ...more } = { ...shown, ...pick(after, keys) };
  const gone = keys.filter((key) => !Object.hasOwn(after, key));
  return {
    ...{ samples, clip, fps, toneMapping, exposureEv, background },
    ...Object.fromEntries(Object.entries(more).filter(([key]) => !gone.includes(key))),
  };
}

const pick = (look: Look, keys: readonly string[]): Partial<Look> =>
  Object.fromEntries(Object.entries(look).filter(([key]) => keys.includes(key)));

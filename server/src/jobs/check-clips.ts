import { type ImportReport, KilnError, type RenderSettings } from '@kiln/shared';
import { choices } from './choices.ts';

/** Times of key frames are 32-bit floats, and people round. */
const CLIP_TOLERANCE_SEC = 0.001;

/** Clips that the scene has, and a part of them that is there. */
export function checkClips(settings: RenderSettings, path: string, { clips }: ImportReport): void {
  const { clip, moreClips, clipStartSec, clipEndSec } = settings;
  const known = (name: string, field: string) => {
    const found = clips.find((candidate) => candidate.name === name);
    if (found) return found;
    const message = `the scene has no clip "${name}"; ${choices(clips.map((candidate) => candidate.name))}`;
    throw new KilnError('job.unknown_clip', message, { field });
  };
  const first = clip === null ? clips[0] : known(clip, `${path}/clip`);
  const played = [
    ...(first ? [first] : []),
    ...moreClips.map((name, index) => known(name, `${path}/moreClips/${index}`)),
  ];
  for (const { name, durationSec } of played) {
    const ends = `the clip "${name}" ends at ${durationSec} seconds`;
    if (clipStartSec > 0 && clipStartSec >= durationSec) {
      throw new KilnError('request.invalid', `${ends}: it cannot start at ${clipStartSec}`, {
        field: `${path}/clipStartSec`,
      });
    }
    if (clipEndSec !== null && clipEndSec > durationSec + CLIP_TOLERANCE_SEC) {
      throw new KilnError('request.invalid', `${ends}, before ${clipEndSec}`, { field: `${path}/clipEndSec` });
    }
  }
  if (clipEndSec === null || clipEndSec > clipStartSec) return;
  const message = `expected an end after the start at ${clipStartSec} seconds, got ${clipEndSec}`;
  throw new KilnError('request.invalid', message, { field: `${path}/clipEndSec` });
}

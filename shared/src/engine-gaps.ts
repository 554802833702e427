/** What an engine cannot draw of a scene, as far as a job shows it. */
import type { EngineGap, ImportReport } from './schemas/scene.ts';
import type { RenderSettings } from './schemas/settings.ts';

/** In words; no clip means the first, as in a job. */
export function gapsOf(
  { gaps = [], clips }: Pick<ImportReport, 'gaps' | 'clips'>,
  { engine, clip, moreClips }: Pick<RenderSettings, 'engine' | 'clip' | 'moreClips'>,
): string[] {
  const played = [clip ?? clips[0]?.name, ...moreClips];
  const isSeen = ({ clips: those }: EngineGap) => those === undefined || those.some((name) => played.includes(name));
  return gaps.filter((gap) => gap.engine === engine && isSeen(gap)).map(({ what }) => what);
}

/** What an engine cannot draw of a scene, or draws it without, as far as a job shows it. */
import { BACKEND_NAMES, ENGINE_NAMES } from './engine-names.ts';
import type { EngineGap, ImportReport } from './schemas/scene.ts';
import type { RenderSettings } from './schemas/settings.ts';

type Report = Pick<ImportReport, 'gaps' | 'clips'>;
type Asked = Pick<RenderSettings, 'engine' | 'backend' | 'clip' | 'moreClips'>;

/** For which a job is refused, in words; no clip means the first, as in a job. */
export const gapsOf = (report: Report, asked: Asked): string[] =>
  shownGaps(report, asked)
    .filter(({ isDrawnWithout }) => !isDrawnWithout)
    .map(({ what }) => what);

/** A sentence about what the job's frames are drawn without, where its back end does so; null when nothing is left out. */
export function leftOutText(report: Report, asked: Asked): string | null {
  const missing = shownGaps(report, asked).filter(({ isDrawnWithout }) => isDrawnWithout);
  if (missing.length === 0) return null;
  const what = missing.map((gap) => gap.what).join(' and ');
  const by = missing.every(({ backend }) => backend === missing[0]?.backend) ? missing[0]?.backend : undefined;
  const engine = ENGINE_NAMES[asked.engine];
  if (by === undefined) return `${engine} draws this scene without ${what}.`;
  const other = by === 'webgl' ? 'webgpu' : 'webgl';
  return `${engine} with ${BACKEND_NAMES[by]} draws this scene without ${what}; the back end ${other} has it.`;
}

function shownGaps({ gaps = [], clips }: Report, { engine, backend, clip, moreClips }: Asked): EngineGap[] {
  const played = [clip ?? clips[0]?.name, ...moreClips];
  return gaps.filter(
    (gap) =>
      gap.engine === engine &&
      (gap.backend === undefined || backend === 'auto' || gap.backend === backend) &&
      (gap.clips === undefined || gap.clips.some((name) => played.includes(name))),
  );
}

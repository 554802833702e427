/** A plan as people read it. */
import type { JobEstimate } from '@kiln/shared';
import { count, formatBytes, table } from '../output.ts';
import { estimateLayers } from '../render/estimate-layers.ts';
import type { LayerPlan, SubmissionPlan } from './plan.ts';

/** @param estimate for which a scene may have been uploaded, and pictures drawn; null where none was asked for. */
export function planText(plan: SubmissionPlan, estimate: JobEstimate | null): string {
  const { layers, workersReady, slots } = plan;
  return [
    `Scene   ${sceneText(plan)}`,
    `Job     ${count(plan.frameCount, 'frame')}, ${count(plan.taskCount, 'task')}, priority ${plan.priority ?? 50}`,
    `Farm    ${count(workersReady, 'worker')}, ${count(slots, 'slot')}`,
    '',
    table(
      ['LAYER', 'FRAMES', 'TASKS', 'DIVISION', 'ENGINE', 'SAMPLES', 'SIZE', 'PASSES'],
      layers.map((layer) => [
        layer.name,
        `${layer.frameCount}: ${shortened(layer.frames)}`,
        layer.taskCount.toLocaleString('en'),
        divisionText(layer),
        layer.backend === 'auto' ? layer.engine : `${layer.engine}, ${layer.backend}`,
        String(layer.samples),
        `${layer.size.widthPx}×${layer.size.heightPx}`,
        layer.passes.join(', '),
      ]),
    ),
    ...testsText(layers),
    '',
    table(
      ['LAYER', 'FILES', 'FIRST', 'LAST', 'FILMS'],
      layers.map(({ name, files, films }) => [
        name,
        files.count.toLocaleString('en'),
        files.first,
        files.last,
        films.join(', '),
      ]),
    ),
    '',
    table(
      ['LAYER', 'COULD BE DRAWN NOW BY', 'WITH', 'FREE SLOTS'],
      layers.flatMap(({ name, workers }) =>
        workers.length === 0
          ? [[name, 'no worker that is here', '', '']]
          : workers.map((worker) => [
              name,
              worker.name,
              worker.backends.join(', '),
              `${worker.free} of ${worker.slots}`,
            ]),
      ),
    ),
    '',
    ...(plan.warnings.length > 0 ? [...plan.warnings, ''] : []),
    ...(estimate === null
      ? ['Nothing was uploaded, and nothing is queued.']
      : [estimateLayers(estimate), '', 'Nothing is queued.']),
  ].join('\n');
}

const testsText = (layers: readonly LayerPlan[]): string[] => {
  const tested = layers.flatMap(({ name, testFrames }) =>
    testFrames === null ? [] : [`${name}: ${shortened(testFrames.join(', '))}`],
  );
  return tested.length === 0 ? [] : ['', `First, before all others: ${tested.join('; ')}`];
};

function sceneText({ scene: { sceneId, state, name, files, sizeBytes } }: SubmissionPlan): string {
  const what = `${name}: ${count(files, 'file')}, ${formatBytes(sizeBytes)}`;
  if (sceneId === null) return `${what}; would be uploaded and checked: what it has in it is not known yet`;
  return `${what}; on the farm as ${sceneId}${state === 'ready' ? '' : `, ${state}: what it has in it is not known yet`}`;
}

const WHOLE = 'whole frames';

function divisionText({ division, chunk, chunkSec }: LayerPlan): string {
  if (chunkSec !== null) return `${chunkSec} s a task`;
  if (division === null) return chunk === 1 ? WHOLE : `${chunk} frames a task`;
  const { tiles, sampleRanges } = division;
  const blocks = tiles.columns * tiles.rows === 1 ? [] : [`${tiles.columns}×${tiles.rows} blocks`];
  const ranges = sampleRanges === 1 ? [] : [`${sampleRanges} ranges`];
  return [...blocks, ...ranges].join(', ') || WHOLE;
}

/** Characters of a frame expression that a table shows. */
const SHOWN_CHARS = 24;

const shortened = (text: string) => (text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS - 1)}…` : text);

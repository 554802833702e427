/** A frame is made of what others have drawn of it. */
import { type Assignment, hasData, IMAGE_FORMATS, isGridded } from '@kiln/shared';
import type { SumsFile } from '../pool/page-orders.ts';
import type { ScenePage } from '../pool/scene-page.ts';
import { outputIn, withFolder } from './attempt-folder.ts';
import { deliverFrame } from './deliver-frame.ts';
import { abandonUnwanted, drawingTurn } from './drawing-turn.ts';
import { fetchSums } from './fetch-sums.ts';
import { withScenePage } from './scene-page-attempt.ts';
import type { AttemptContext } from './work-parts.ts';

export type AssembleWork = Extract<Assignment['work'], { kind: 'assemble' }>;

/** @throws KilnError why the frame was not made or not taken */
export async function runAssembly(assignment: Assignment, work: AssembleWork, context: AttemptContext): Promise<void> {
  await withScenePage(assignment, work, context, (page, load) =>
    withFolder(context, 'sums', async (folder) => {
      // What stands at each pixel is drawn with the frame, and guides the filter; else the scene is not needed.
      const preparation = hasData(work.settings) || work.settings.denoise ? await load() : {};
      const files: SumsFile[] = [];
      for (const sums of work.sums) files.push(await fetchSums(sums, folder, context));
      const drawn = await assemble(assignment, work, { page, files, folder }, context);
      const { draw, encode } = drawn.result;
      const { frameNumber } = work;
      await deliverFrame(context, frameNumber, drawn, { ...preparation, draw, encode });
      const { sizeBytes } = drawn.file;
      context.log.debug({ frameNumber, sizeBytes, parts: files.length }, 'delivered a frame made of parts');
    }),
  );
}

async function assemble(
  assignment: Assignment,
  { settings, frameNumber }: AssembleWork,
  { page, files, folder }: { page: ScenePage; files: readonly SumsFile[]; folder: string },
  context: AttemptContext,
) {
  const { lease } = context;
  const { scene, timeoutMs } = assignment;
  const turn = await drawingTurn(assignment, page, settings, context, lease.signal);
  const inStrips = isGridded(settings) && IMAGE_FORMATS[settings.format].isStreamed;
  const order = { sceneHash: scene.sceneHash, settings, frameNumber, inStrips };
  const making = page.assemble(order, files, outputIn(folder), timeoutMs, {
    onDrawn: turn.end,
    signal: lease.signal,
  });
  void abandonUnwanted(making, { page, lease, isDrawn: turn.isOver });
  return making;
}

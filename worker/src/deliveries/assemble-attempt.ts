/** A frame is made of what others have drawn of it. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Assignment, hasData, IMAGE_FORMATS, isGridded, KilnError, type StoredSums } from '@kiln/shared';
import type { ScenePage, SumsFile } from '../pool/scene-page.ts';
import { outputIn, withFolder } from './attempt-folder.ts';
import { deliverFrame } from './deliver-frame.ts';
import { abandonUnwanted, drawingTurn } from './drawing-turn.ts';
import { withScenePage } from './scene-page-attempt.ts';
import type { AttemptContext } from './work-parts.ts';

export type AssembleWork = Extract<Assignment['work'], { kind: 'assemble' }>;

/** @throws KilnError why the frame was not made or not taken */
export async function runAssembly(assignment: Assignment, work: AssembleWork, context: AttemptContext): Promise<void> {
  await withScenePage(assignment, work, context, (page, load) =>
    withFolder(context, 'sums', async (folder) => {
      // What stands at each pixel is drawn with the frame; without it, the scene is not needed.
      const preparation = hasData(work.settings) ? await load() : {};
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

/** Streams sums to the disk, and checks their hash. */
async function fetchSums(
  { region, samples, sha256 }: StoredSums,
  folder: string,
  { client, lease, membership }: AttemptContext,
): Promise<SumsFile> {
  return membership.persist(async () => {
    const name = `${sha256}-${region.x}-${region.y}-${samples.first}`;
    const diskPath = join(folder, name);
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const measure = new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        done(null, chunk);
      },
    });
    const stream = await client.sums(lease, sha256, lease.signal);
    await pipeline(Readable.fromWeb(stream), measure, createWriteStream(diskPath), { signal: lease.signal });
    if (hash.digest('hex') !== sha256) throw new KilnError('client.unreachable', 'sums came damaged');
    return { region, samples, input: `${lease.attemptId}-${name}`, diskPath, sizeBytes };
  }, lease.signal);
}

/** An import: an untrusted scene is loaded in a page of its own, which ends with it. */
import { join } from 'node:path';
import { type Assignment, formatOf, type ImportResult, KilnError, LIMITS } from '@kiln/shared';
import type { OpenPage } from '../browser/open-page.ts';
import { PageTaken } from '../browser/page-taken.ts';
import { pause } from '../clock.ts';
import { knownError } from '../known-error.ts';
import type { HostedFile, ReceivedFile } from '../page-host/page-site.ts';
import { withFolder } from './attempt-folder.ts';
import { holdScene } from './hold-scene.ts';
import type { AttemptContext } from './work-parts.ts';

const THUMBNAIL = { widthPx: 512, heightPx: 384 } as const;

/** @throws KilnError `scene.import_failed` when the scene could not be judged */
export async function runImport(assignment: Assignment, context: AttemptContext): Promise<void> {
  const { importTurns, lease } = context;
  const endTurn = await importTurns.take(assignment.tenantId, lease.signal);
  try {
    await importOne(assignment, context);
  } finally {
    endTurn();
  }
}

async function importOne(assignment: Assignment, context: AttemptContext): Promise<void> {
  const { held } = await holdScene(assignment.scene, context);
  try {
    await withFolder(context, 'converted', (folder) =>
      importInBrowser(assignment, { files: held.files, convertedPath: join(folder, 'scene.glb') }, context),
    );
  } finally {
    held.release();
  }
}

async function importInBrowser(assignment: Assignment, files: ImportFiles, context: AttemptContext): Promise<void> {
  const { lease, pool } = context;
  const { browser, release } = await pool.borrow(assignment.tenantId, 'live', lease.signal);
  try {
    const page = await browser.importPage();
    context.readLog = () => ({ page: page.console.lines, browser: browser.logTail });
    await report(await judge(page, assignment, files, lease.signal), context);
  } finally {
    release();
  }
}

interface Judged {
  readonly result: ImportResult;
  readonly converted: ReceivedFile | null;
}

/** [WK15] The GLB first. Both are sent again when the result was not taken: the GLB may have been swept meanwhile. */
function report({ result, converted }: Judged, { client, lease, membership }: AttemptContext): Promise<void> {
  return membership.persist(async () => {
    if (converted) await client.sendConverted(lease, converted, lease.signal);
    await client.deliverImport(lease, result, lease.signal);
  }, lease.signal);
}

interface ImportFiles {
  readonly files: ReadonlyMap<string, HostedFile>;
  /** Where the page's GLB is put, if it makes one. */
  readonly convertedPath: string;
}

async function judge(
  page: OpenPage,
  { scene: source, timeoutMs }: Assignment,
  { files, convertedPath }: ImportFiles,
  signal: AbortSignal,
): Promise<Judged> {
  const { sceneHash, entry } = source;
  const scene = { sceneHash, entry, files: source.files.map(({ path, sizeBytes }) => ({ path, sizeBytes })) };
  const over = new AbortController();
  page.site.mountScene(sceneHash, files);
  const receivedGlb = page.site.awaitConverted(sceneHash, convertedPath, LIMITS.fileBytes);
  let isLate = false;
  try {
    const onLate = () => {
      isLate = true;
    };
    void endWhen(page, timeoutMs, { stop: signal, over: over.signal, onLate });
    const { result, bytes } = await page.client.call('import', { scene, thumbnail: THUMBNAIL });
    if (result.outcome === 'refused') return { result, converted: null };
    const { report, thumbnailMediaType, isConverted } = result;
    const converted = isConverted ? receivedGlb() : null;
    if (isConverted && !converted) throw new KilnError('render.page_lost', 'the converted scene did not come');
    const ready = { outcome: 'ready', report, thumbnailMediaType, thumbnailBase64: bytes.toString('base64') } as const;
    if (!converted) return { result: ready, converted };
    const { sha256, sizeBytes } = converted;
    return { result: { ...ready, converted: { sha256, sizeBytes } }, converted };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PageTaken) throw error;
    if (isLate && !isGltf(entry)) return { result: lateRefusal(entry, timeoutMs), converted: null };
    // Whatever it was, it happened to this scene in a page that had nothing else to do.
    const why = knownError(error).message;
    throw new KilnError('scene.import_failed', `the scene could not be loaded: ${why}`, { cause: error });
  } finally {
    over.abort();
    await page.close(new KilnError('render.page_lost', 'the import is over'));
  }
}

const isGltf = (entry: string): boolean => formatOf(entry) === 'gltf';

/** A file that its reader does not come to an end with is not tried again: it would take as long each time. */
const lateRefusal = (entry: string, timeoutMs: number): ImportResult => ({
  outcome: 'refused',
  report: null,
  refusal: {
    code: 'scene.import_failed',
    message: `${entry} was not converted within ${Math.round(timeoutMs / 1_000)} seconds: export it as GLB, or divide it.`,
    pointer: entry,
  },
});

interface Ends {
  readonly stop: AbortSignal;
  readonly over: AbortSignal;
  /** Called before the page is ended because its time was over. */
  readonly onLate: () => void;
}

/** Ends the page after its time, or when nobody wants the import any more. */
async function endWhen(page: OpenPage, timeoutMs: number, { stop, over, onLate }: Ends): Promise<void> {
  await pause(timeoutMs, AbortSignal.any([stop, over]));
  if (over.aborted) return;
  if (!stop.aborted) onLate();
  const why = stop.aborted ? 'the import is no longer wanted' : `it took more than ${timeoutMs} ms`;
  await page.close(new KilnError('render.timeout', why));
}

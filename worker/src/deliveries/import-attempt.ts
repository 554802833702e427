/** An import: an untrusted scene is loaded in a page of its own, which ends with it. */
import { type Assignment, type ImportResult, KilnError } from '@kiln/shared';
import type { OpenPage } from '../browser/open-page.ts';
import { pause } from '../clock.ts';
import { knownError } from '../known-error.ts';
import type { HostedFile } from '../page-host/page-site.ts';
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
  const { client, lease, membership, pool } = context;
  const { held } = await holdScene(assignment.scene, context);
  try {
    const { browser, release } = await pool.borrow(assignment.tenantId, 'live', lease.signal);
    try {
      const page = await browser.importPage();
      context.readLog = () => ({ page: page.console.lines, browser: browser.logTail });
      const result = await judge(page, assignment, held.files, lease.signal);
      await membership.persist(() => client.deliverImport(lease, result, lease.signal), lease.signal);
    } finally {
      release();
    }
  } finally {
    held.release();
  }
}

async function judge(
  page: OpenPage,
  { scene: source, timeoutMs }: Assignment,
  files: ReadonlyMap<string, HostedFile>,
  signal: AbortSignal,
): Promise<ImportResult> {
  const { sceneHash, entry } = source;
  const scene = { sceneHash, entry, files: source.files.map(({ path, sizeBytes }) => ({ path, sizeBytes })) };
  const over = new AbortController();
  page.site.mountScene(sceneHash, files);
  try {
    void endWhen(page, timeoutMs, signal, over.signal);
    const { result, bytes } = await page.client.call('import', { scene, thumbnail: THUMBNAIL });
    if (result.outcome === 'refused') return result;
    const { report, thumbnailMediaType } = result;
    return { outcome: 'ready', report, thumbnailMediaType, thumbnailBase64: bytes.toString('base64') };
  } catch (error) {
    signal.throwIfAborted();
    // Whatever it was, it happened to this scene in a page that had nothing else to do.
    const why = knownError(error).message;
    throw new KilnError('scene.import_failed', `the scene could not be loaded: ${why}`, { cause: error });
  } finally {
    over.abort();
    await page.close(new KilnError('render.page_lost', 'the import is over'));
  }
}

/** Ends the page after its time, or when nobody wants the import any more. */
async function endWhen(page: OpenPage, timeoutMs: number, stop: AbortSignal, over: AbortSignal): Promise<void> {
  await pause(timeoutMs, AbortSignal.any([stop, over]));
  if (over.aborted) return;
  const why = stop.aborted ? 'the import is no longer wanted' : `it took more than ${timeoutMs} ms`;
  await page.close(new KilnError('render.timeout', why));
}

/** One delivery from its claim to its end: claimed, drawn or imported, and a failure told to the server. */
import type { Assignment, AttemptFailure, Delivery } from '@kiln/shared';
import { PageTaken } from '../browser/page-taken.ts';
import { pause } from '../clock.ts';
import type { LeaseBook } from '../farm/lease-book.ts';
import { knownError } from '../known-error.ts';
import { WORKER_LIMITS } from '../limits.ts';
import { runAssembly } from './assemble-attempt.ts';
import { runFilm } from './film-attempt.ts';
import { runImport } from './import-attempt.ts';
import { runPiece } from './piece-attempt.ts';
import { runRender } from './render-attempt.ts';
import type { AttemptContext, WorkParts } from './work-parts.ts';

/** Answers after which an attempt is none of this worker's any more: dropped without a word. */
const NOT_OURS = new Set(['attempt.stale', 'resource.not_found']);

/** What is done with an assignment. What it throws is told to the server. */
export type Work = (assignment: Assignment, context: AttemptContext) => Promise<void>;

/**
 * Works on a delivery. Never rejects: what fails is told to the server, or logged.
 *
 * @param work @defaultValue draws, imports or assembles, as the assignment says
 */
export async function runDelivery(
  delivery: Delivery,
  leases: LeaseBook,
  parts: WorkParts,
  work: Work = run,
): Promise<void> {
  const { attemptId, leaseToken, taskId } = delivery;
  const log = parts.log.child({ attemptId, taskId });
  const lease = leases.take(attemptId, leaseToken, parts.membership.current.leaseMs);
  if (!lease) {
    log.debug('the delivery came twice');
    return;
  }
  const context: AttemptContext = { ...parts, log, lease, readLog: () => ({ page: [], browser: [] }) };
  try {
    const assignment = await claim(context, leases);
    await work(assignment, context);
  } catch (error) {
    await report(error, context);
  } finally {
    parts.progress.forget(attemptId);
    lease.release();
  }
}

function run(assignment: Assignment, context: AttemptContext): Promise<void> {
  const { work } = assignment;
  switch (work.kind) {
    case 'render':
      return runRender(assignment, work, context);
    case 'piece':
      return runPiece(assignment, work, context);
    case 'assemble':
      return runAssembly(assignment, work, context);
    case 'film':
      return runFilm(assignment, work, context);
    case 'import':
      return runImport(assignment, context);
  }
}

async function claim({ client, clock, lease, membership }: AttemptContext, leases: LeaseBook): Promise<Assignment> {
  return membership.persist(async () => {
    const sentAtMs = clock.monotonicMs();
    const assignment = await client.claim(lease, lease.signal);
    leases.renew(lease.attemptId, assignment.leaseMs, sentAtMs);
    return assignment;
  }, lease.signal);
}

async function report(error: unknown, context: AttemptContext): Promise<void> {
  const { client, lease, log, membership } = context;
  const failure = await failureOf(error, context);
  if (!lease.isHeld() || NOT_OURS.has(failure.code)) {
    log.info({ code: failure.code, reason: failure.message }, 'dropped an attempt');
    return;
  }
  log.warn(
    { err: error, code: failure.code, browser: context.readLog().browser.slice(-WORKER_LIMITS.browserLines) },
    'an attempt failed',
  );
  try {
    await membership.persist(() => client.fail(lease, failure, lease.signal), lease.signal);
  } catch (cause) {
    // The lease ends by itself and tells the server the same.
    log.info({ err: cause }, 'a failure could not be told');
  }
}

/** Of failures with which a browser may have said why. */
const BROWSERS = new Set(['render.page_lost', 'render.timeout']);

/** Goes to the tenant, whose alone the browser was: nothing of this machine is in it. */
async function failureOf(error: unknown, { readLog, lease }: AttemptContext): Promise<AttemptFailure> {
  const { code, message, retryable } = knownError(error);
  const isBrowsers = BROWSERS.has(code);
  if (isBrowsers) await pause(WORKER_LIMITS.lastLinesMs, lease.signal);
  const lines = readLog();
  const browser = isBrowsers ? lines.browser.slice(-WORKER_LIMITS.browserLines).map(withoutFolders) : [];
  const log = [...lines.page.map((line) => `page: ${line}`), ...browser.map((line) => `browser: ${line}`)];
  const failure = {
    code,
    message: message.slice(0, 10_000),
    retryable,
    log: log.map((line) => line.slice(0, WORKER_LIMITS.logLineChars)),
  };
  return error instanceof PageTaken ? { ...failure, counts: false } : failure;
}

/** Paths end in their last name: where a farm keeps its files is no tenant's affair. */
const withoutFolders = (line: string): string => line.replace(/(?:\/[\w.@+-]+)+\//g, '…/');

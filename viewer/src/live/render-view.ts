/** A live view becomes a job of its farm, for pages that have no client of it. */
import { API_PREFIX, isErrorCode, KilnError, type ViewJob, type ViewJobRequest } from '@kiln/shared';

/** What of a live view says which one it is. */
export interface RenderedView {
  /** Null before there is one. */
  readonly sessionId: string | null;
  /** Whether the camera is with this viewer. */
  readonly drives: boolean;
}

/**
 * Makes a job of what a view shows, by whom the page's visitor is signed in as: a view token makes no jobs.
 *
 * @param url of the farm.
 * @param request what the view does not say: name, format, another size …
 * @throws KilnError what the farm says; `identity.forbidden` where somebody else drives.
 */
export async function renderView(
  { sessionId, drives }: RenderedView,
  url: string,
  request: ViewJobRequest = {},
): Promise<ViewJob> {
  if (sessionId === null) throw new KilnError('resource.conflict', 'The live view is not open.');
  if (!drives) throw new KilnError('identity.forbidden', 'The view is somebody else’s: take its camera first.');
  const target = `${url.replace(/\/$/, '')}${API_PREFIX}/sessions/${sessionId}/jobs`;
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  }).catch((cause: unknown) => {
    throw new KilnError('client.unreachable', 'The farm is not reached.', { cause });
  });
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && isViewJob(answer)) return answer;
  throw faultOf(answer) ?? new KilnError('client.bad_answer', `The farm answered with status ${response.status}.`);
}

/** The farm has checked the rest. */
const isViewJob = (answer: unknown): answer is ViewJob =>
  typeof answer === 'object' && answer !== null && 'job' in answer && 'reusedSamples' in answer;

function faultOf(answer: unknown): KilnError | null {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return null;
  const { error } = answer;
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return null;
  const { code, message } = error;
  return typeof code === 'string' ? new KilnError(isErrorCode(code) ? code : 'server.internal', String(message)) : null;
}

/** A live session's view becomes a job, whose frame begins with the samples that the view has ([LV39]). */
import type { IncomingHttpHeaders } from 'node:http';
import {
  jobOfView,
  KilnError,
  LIMITS,
  mayBeginWith,
  type NotReused,
  type ViewJob,
  type ViewJobRequest,
} from '@kiln/shared';
import type { Logger } from 'pino';
import { areStorable, type Beginning } from '../jobs/beginning.ts';
import type { Submissions } from '../jobs/submit.ts';
import type { LiveSession } from './live-session.ts';
import type { LiveSessions } from './live-sessions.ts';
import { isPassedOn, passRequestOn } from './passed-on.ts';
import type { SessionRows } from './session-rows.ts';

export interface ViewJobsParts {
  readonly live: Pick<LiveSessions, 'find'>;
  readonly rows: Pick<SessionRows, 'open'>;
  readonly serverId: string;
  readonly submissions: Pick<Submissions, 'submitBegun'>;
  readonly log: Logger;
}

export interface ViewJobCall {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly request: ViewJobRequest;
  /** By which the call came. */
  readonly headers: IncomingHttpHeaders;
}

/** Of a worker that hands over for as long as it may, the last answer takes so much longer. */
const SLACK_MS = 10_000;

export class ViewJobs {
  readonly #parts: ViewJobsParts;

  constructor(parts: ViewJobsParts) {
    this.#parts = parts;
  }

  /**
   * @throws KilnError as `submit`; `resource.not_found` for a session that is over or not this tenant's; `resource.conflict`
   *   where it shows nothing yet; `request.too_many` while it hands over to another job.
   */
  async make(call: ViewJobCall): Promise<ViewJob> {
    const { tenantId, sessionId, headers } = call;
    const session = this.#parts.live.find(tenantId, sessionId);
    if (session) return this.#makeHere(session, call);
    const row = await this.#parts.rows.open(tenantId, sessionId);
    if (!row) throw new KilnError('resource.not_found', `there is no live session ${sessionId}, or it is over`);
    const { serverUrl, serverId } = row;
    if (isPassedOn(headers) || serverUrl === null || serverId === this.#parts.serverId) {
      throw new KilnError('server.draining', '[LV42] the live view goes on at another server; try again');
    }
    return passRequestOn({ serverUrl, name: 'renderSession', ...call, timeoutMs: LIMITS.liveHandOverMs + SLACK_MS });
  }

  async #makeHere(session: LiveSession, { tenantId, sessionId, request }: ViewJobCall): Promise<ViewJob> {
    const { seen } = session;
    const { view, pose } = seen;
    if (view.camera === undefined && pose === null) {
      throw new KilnError('resource.conflict', 'the live view shows nothing yet: its camera stands nowhere');
    }
    let notReused: NotReused | null = 'other-picture';
    const asked = { ...request, sessionId };
    const jobRequest = jobOfView({ sceneId: session.sceneId, view, pose }, request);
    const { job, isKnown } = await this.#parts.submissions.submitBegun(
      tenantId,
      jobRequest,
      asked,
      async (settings) => {
        if (!mayBeginWith(view, settings)) return null;
        const handed = await session.handOver(seen, settings.samples);
        const { ranges = [], fault, backend } = handed?.sums ?? {};
        if (fault) this.#parts.log.info({ sessionId, fault }, 'a live view was not handed over to its job');
        notReused = handed === null ? 'no-worker' : fault ? 'not-stored' : 'not-drawn';
        if (handed === null || ranges.length === 0) return null;
        notReused = 'not-stored';
        if (!areStorable(ranges, settings)) return null;
        const beginning: Beginning = { sessionId, workerId: handed.workerId, ranges, backend };
        return beginning;
      },
    );
    if (isKnown) return { job, reusedSamples: 0, notReused: 'known-job' };
    return { job, reusedSamples: job.reusedSamples, notReused: job.reusedSamples > 0 ? null : notReused };
  }
}

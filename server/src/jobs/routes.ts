/** Jobs over HTTP. */
import { ImageFormat, JOB_FILE_SCHEMA_PATH, jobFileJsonSchema } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import type { EndedAttempt } from '../dispatch/end-attempts.ts';
import { apiPath } from '../http/request-identity.ts';
import { route } from '../http/route.ts';
import type { AbilityMemory } from './abilities.ts';
import { type ArchiveParts, archiveJob } from './archive.ts';
import { type CancelParts, cancelJob } from './cancel.ts';
import { approveJob, type Controlled, type ControlParts, editJob, pauseJob, resumeJob } from './control.ts';
import type { Purges } from './purge.ts';
import type { JobReader } from './read-jobs.ts';
import { retryJob } from './retry.ts';
import type { Submissions } from './submit.ts';

/** For editors, which ask without a key. */
const JOB_FILE_SCHEMA = JSON.stringify(jobFileJsonSchema());

export interface JobRoutesParts {
  readonly submissions: Submissions;
  readonly reader: JobReader;
  readonly abilities: AbilityMemory;
  readonly cancelling: CancelParts;
  readonly controlling: ControlParts;
  readonly archiving: ArchiveParts;
  readonly purges: Purges;
  readonly settle: (ended: readonly EndedAttempt[]) => Promise<void>;
  /** There may be work. */
  readonly wake: () => void;
}

export function registerJobs(app: FastifyInstance, parts: JobRoutesParts): void {
  const { submissions, reader, abilities, cancelling, controlling, archiving, purges, settle, wake } = parts;
  const controlled = async ({ job, ended }: Controlled) => {
    await settle(ended);
    wake();
    return job;
  };
  route(app, 'createJob', ({ identity, body }) => submissions.submit(identity.tenantId, body));
  route(app, 'planJob', ({ identity, body }) => submissions.plan(identity.tenantId, body));
  app.get(
    apiPath(JOB_FILE_SCHEMA_PATH),
    { config: { identity: 'none' }, schema: { hide: true } },
    async (_request, reply) => reply.type('application/schema+json; charset=utf-8').send(JOB_FILE_SCHEMA),
  );
  route(app, 'createJobs', async ({ identity, body }) => ({
    items: await submissions.submitAll(identity.tenantId, body.jobs),
  }));
  route(app, 'listJobs', ({ identity, query }) => reader.list(identity.tenantId, query));
  route(app, 'getJob', ({ identity, params }) => reader.get(identity.tenantId, params.jobId));
  route(app, 'listTasks', ({ identity, params, query }) => reader.tasks(identity.tenantId, params.jobId, query));
  route(app, 'listFrames', ({ identity, params, query }) => reader.frames(identity.tenantId, params.jobId, query));
  route(app, 'cancelJob', async ({ identity, params }) => {
    const { job, ended } = await cancelJob(identity.tenantId, params.jobId, cancelling);
    await settle(ended);
    return job;
  });
  route(app, 'editJob', async ({ identity, params, body }) =>
    controlled(await editJob(identity.tenantId, params.jobId, body, controlling)),
  );
  route(app, 'pauseJob', async ({ identity, params, body: { stopRunning = false } }) =>
    controlled(await pauseJob(identity.tenantId, params.jobId, { stopRunning }, controlling)),
  );
  route(app, 'resumeJob', async ({ identity, params }) =>
    controlled(await resumeJob(identity.tenantId, params.jobId, controlling)),
  );
  route(app, 'approveJob', async ({ identity, params }) =>
    controlled(await approveJob(identity.tenantId, params.jobId, controlling)),
  );
  route(app, 'retryJob', async ({ identity, params, body }) =>
    controlled(await retryJob(identity.tenantId, params.jobId, body, controlling)),
  );
  route(app, 'archiveJob', ({ identity, params }) => archiveJob(identity.tenantId, params.jobId, true, archiving));
  route(app, 'unarchiveJob', ({ identity, params }) => archiveJob(identity.tenantId, params.jobId, false, archiving));
  route(app, 'purgeJob', ({ identity, params }) => purges.purge(identity.tenantId, params.jobId));
  route(app, 'capabilities', async () => {
    const ability = await abilities.read();
    return { engines: [...ability.abilities], formats: [...ImageFormat.enum], slots: ability.slots };
  });
}

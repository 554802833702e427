/**
 * Every JSON route of the public API, as data: the server validates and documents with it, the typed client is derived
 * from it. Routes that carry bytes (`/files/…`, `/uploads`, `/jobs/:jobId/archive.zip`) are in `byte-routes.ts`.
 */
import * as Type from 'typebox';
import { UPLOAD_KINDS } from '../asset-kinds.ts';
import { Id } from '../identifiers.ts';
import { AuditReport, EventLoopDelay, FarmCapabilities, Health, LiveTraffic, SweepReport } from '../schemas/farm.ts';
import { Film } from '../schemas/film.ts';
import {
  Me,
  SignInCode,
  SignInRequest,
  Tenant,
  TenantChanges,
  TenantCreated,
  TenantRequest,
} from '../schemas/identity.ts';
import { Frame, Job, JobBatch, JobRequest, PurgedJob, Task } from '../schemas/job.ts';
import { JobChanges, PauseRequest, RetryRequest } from '../schemas/job-control.ts';
import { JobPlan } from '../schemas/job-plan.ts';
import { JobTag, JobUser } from '../schemas/labels.ts';
import { Scene, SceneManifest } from '../schemas/scene.ts';
import { Worker } from '../schemas/worker.ts';
import { JobState, TaskState } from '../states.ts';
import { ESTIMATE_ROUTES } from './estimate-routes.ts';
import { LIMIT_ROUTES } from './limit-routes.ts';
import { Nothing, PageQuery, page, pageQuery, type RouteSpec } from './route-spec.ts';
import { SESSION_ROUTES } from './session-routes.ts';
import { TOKEN_ROUTES } from './token-routes.ts';
import { WEBHOOK_ROUTES } from './webhook-routes.ts';

/** Several states of one kind, as a query has them. */
const states = (known: readonly string[]) =>
  Type.Optional(
    Type.String({
      maxLength: 200,
      pattern: `^(?:${known.join('|')})(?:,(?:${known.join('|')}))*$`,
      description: `States, with commas between, of ${known.join(', ')}.`,
    }),
  );
const JobQuery = Type.Object(
  {
    ...pageQuery,
    state: states(JobState.enum),
    tag: Type.Optional(Type.String({ ...JobTag, description: 'Those with this label only.' })),
    user: Type.Optional(Type.String({ ...JobUser, description: 'Those that this user submitted only.' })),
    /** Archived jobs instead of the others. */
    archived: Type.Optional(Type.Boolean({ description: 'Those that were put away, instead of the others.' })),
  },
  { additionalProperties: false },
);
const TaskQuery = Type.Object({ ...pageQuery, state: states(TaskState.enum) }, { additionalProperties: false });
const SceneQuery = Type.Object(
  {
    ...pageQuery,
    kind: Type.Optional(Type.Enum([...UPLOAD_KINDS], { default: 'scene' })),
  },
  { additionalProperties: false },
);
const SceneParams = Type.Object({ sceneId: Id('scene') });
const JobParams = Type.Object({ jobId: Id('job') });

export const ROUTES = {
  health: {
    method: 'GET',
    path: '/health',
    summary: 'Whether the farm can work; 503 when it cannot.',
    identity: 'none',
    response: Health,
    otherStatuses: [503],
  },
  live: {
    method: 'GET',
    path: '/health/live',
    summary: 'Whether this process answers.',
    identity: 'none',
    response: Nothing,
  },
  ready: {
    method: 'GET',
    path: '/health/ready',
    summary: 'Whether this server takes requests; 503 while it starts or drains.',
    identity: 'none',
    response: Nothing,
  },
  signIn: {
    method: 'POST',
    path: '/sign-in',
    summary: 'Exchanges a one-time code or an API key for a cookie.',
    identity: 'none',
    body: SignInRequest,
    response: Me,
  },
  signOut: { method: 'POST', path: '/sign-out', summary: 'Ends the cookie.', identity: 'tenant', response: Nothing },
  me: { method: 'GET', path: '/me', summary: 'Who asks.', identity: 'tenant', response: Me },
  capabilities: {
    method: 'GET',
    path: '/capabilities',
    summary: 'What the farm can do now.',
    identity: 'tenant',
    response: FarmCapabilities,
  },

  createScene: {
    method: 'POST',
    path: '/scenes',
    summary: 'Announces a scene; `missing` says which bytes to upload.',
    identity: 'tenant',
    body: SceneManifest,
    response: Scene,
    status: 201,
  },
  listScenes: {
    method: 'GET',
    path: '/scenes',
    summary: 'Scenes, or environments or look-up tables, newest first.',
    identity: 'tenant',
    query: SceneQuery,
    response: page(Scene),
  },
  getScene: {
    method: 'GET',
    path: '/scenes/:sceneId',
    summary: 'One scene with its import report.',
    identity: 'tenant',
    params: SceneParams,
    response: Scene,
  },
  deleteScene: {
    method: 'DELETE',
    path: '/scenes/:sceneId',
    summary: 'Forgets a scene that no unfinished job uses.',
    identity: 'tenant',
    params: SceneParams,
    response: Nothing,
  },

  createJob: {
    method: 'POST',
    path: '/jobs',
    summary: 'Submits a job.',
    identity: 'tenant',
    body: JobRequest,
    response: Job,
    status: 201,
  },
  planJob: {
    method: 'POST',
    path: '/job-plans',
    summary: 'What a job would be, or why it would be refused; none is queued.',
    identity: 'tenant',
    body: JobRequest,
    response: JobPlan,
  },
  createJobs: {
    method: 'POST',
    path: '/job-batches',
    summary: 'Submits several jobs: all of them, or none.',
    identity: 'tenant',
    body: JobBatch,
    response: Type.Object({ items: Type.Array(Job) }),
    status: 201,
  },
  listJobs: {
    method: 'GET',
    path: '/jobs',
    summary: 'Jobs, newest first.',
    identity: 'tenant',
    query: JobQuery,
    response: page(Job),
  },
  getJob: {
    method: 'GET',
    path: '/jobs/:jobId',
    summary: 'One job.',
    identity: 'tenant',
    params: JobParams,
    response: Job,
  },
  cancelJob: {
    method: 'POST',
    path: '/jobs/:jobId/cancel',
    summary: 'Stops a job; frames that are done stay.',
    identity: 'tenant',
    params: JobParams,
    response: Job,
  },
  editJob: {
    method: 'PATCH',
    path: '/jobs/:jobId',
    summary: 'Changes how a job that is not over goes on: what is given out from now on goes by it.',
    identity: 'tenant',
    params: JobParams,
    body: JobChanges,
    response: Job,
  },
  pauseJob: {
    method: 'POST',
    path: '/jobs/:jobId/pause',
    summary: 'Begins nothing more of a job; what is being drawn comes to its end.',
    identity: 'tenant',
    params: JobParams,
    body: PauseRequest,
    response: Job,
  },
  resumeJob: {
    method: 'POST',
    path: '/jobs/:jobId/resume',
    summary: 'Lets a paused job go on.',
    identity: 'tenant',
    params: JobParams,
    response: Job,
  },
  approveJob: {
    method: 'POST',
    path: '/jobs/:jobId/approve',
    summary: 'Lets a job go over its budget, by which it is held, or begins what waits for its test frames.',
    identity: 'tenant',
    params: JobParams,
    response: Job,
  },
  retryJob: {
    method: 'POST',
    path: '/jobs/:jobId/retry',
    summary: 'Tries again what has failed, or draws frames anew; films without them are made anew.',
    identity: 'tenant',
    params: JobParams,
    body: RetryRequest,
    response: Job,
  },
  archiveJob: {
    method: 'POST',
    path: '/jobs/:jobId/archive',
    summary: 'Puts away a job that is over: lists leave it out; its frames stay.',
    identity: 'tenant',
    params: JobParams,
    response: Job,
  },
  unarchiveJob: {
    method: 'POST',
    path: '/jobs/:jobId/unarchive',
    summary: 'Lists an archived job again.',
    identity: 'tenant',
    params: JobParams,
    response: Job,
  },
  purgeJob: {
    method: 'DELETE',
    path: '/jobs/:jobId',
    summary:
      'Deletes a job that is over, with its frames, films and logs, for good. Bytes that nothing else refers to go soon after.',
    identity: 'tenant',
    params: JobParams,
    response: PurgedJob,
  },
  listTasks: {
    method: 'GET',
    path: '/jobs/:jobId/tasks',
    summary: 'Released tasks of a job with their attempts.',
    identity: 'tenant',
    params: JobParams,
    query: TaskQuery,
    response: page(Task),
  },
  listFrames: {
    method: 'GET',
    path: '/jobs/:jobId/frames',
    summary: 'Finished frames, in the order of finishing.',
    identity: 'tenant',
    params: JobParams,
    query: PageQuery,
    response: page(Frame),
  },

  listFilms: {
    method: 'GET',
    path: '/jobs/:jobId/films',
    summary: 'Films of a job, finished or not.',
    identity: 'tenant',
    params: JobParams,
    response: Type.Object({ items: Type.Array(Film) }),
  },

  ...ESTIMATE_ROUTES,
  ...WEBHOOK_ROUTES,
  ...TOKEN_ROUTES,

  ...LIMIT_ROUTES,

  listWorkers: {
    method: 'GET',
    path: '/workers',
    summary: 'Workers; a member sees only its own browsers and scenes on them.',
    identity: 'tenant',
    response: Type.Object({ items: Type.Array(Worker) }),
  },
  ...SESSION_ROUTES,

  createTenant: {
    method: 'POST',
    path: '/admin/tenants',
    summary: 'Makes a tenant and its first key.',
    identity: 'operator',
    body: TenantRequest,
    response: TenantCreated,
    status: 201,
  },
  listTenants: {
    method: 'GET',
    path: '/admin/tenants',
    summary: 'All tenants.',
    identity: 'operator',
    response: Type.Object({ items: Type.Array(Tenant) }),
  },
  changeTenant: {
    method: 'PATCH',
    path: '/admin/tenants/:tenantId',
    summary: 'Sets what a tenant may have.',
    identity: 'operator',
    params: Type.Object({ tenantId: Id('tenant') }),
    body: TenantChanges,
    response: Tenant,
  },
  createSignInCode: {
    method: 'POST',
    path: '/admin/sign-in-codes',
    summary: 'A one-time code for the asker’s tenant.',
    identity: 'operator',
    response: SignInCode,
    status: 201,
  },
  eventLoop: {
    method: 'POST',
    path: '/admin/event-loop',
    summary: 'How late this server’s event loop was since this was last asked; measures anew from now on.',
    identity: 'operator',
    response: EventLoopDelay,
  },
  liveTraffic: {
    method: 'GET',
    path: '/admin/live-traffic',
    summary: 'What this server’s live sessions have sent, and what was replaced while it waited.',
    identity: 'operator',
    response: LiveTraffic,
  },
  audit: {
    method: 'POST',
    path: '/admin/audit',
    summary: 'Whether what is recorded holds together, and the bytes are there.',
    identity: 'operator',
    body: Type.Object(
      {
        bytes: Type.Boolean({ default: true, description: 'Every file that is referred to is read and hashed.' }),
      },
      { additionalProperties: false },
    ),
    response: AuditReport,
  },
  sweep: {
    method: 'POST',
    path: '/admin/sweep',
    summary: 'Shows, or deletes, what nobody references.',
    identity: 'operator',
    body: Type.Object({ dryRun: Type.Boolean({ default: true }) }, { additionalProperties: false }),
    response: SweepReport,
  },
} as const satisfies Record<string, RouteSpec>;

export type RouteName = keyof typeof ROUTES;

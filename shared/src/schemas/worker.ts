/** Workers and live sessions, as the API shows them. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id, Sha256, Timestamp } from '../identifiers.ts';
import { SessionState, WorkerState } from '../states.ts';
import { AdapterClass, WORKER_FACTS } from './requires.ts';
import { Backend, Engine } from './settings.ts';

/** Who makes films on a worker: its pages, by WebCodecs, and the `ffmpeg` of its system. */
export const FilmMaker = Type.Enum(['page', 'ffmpeg']);
export type FilmMaker = Static<typeof FilmMaker>;

export const Capability = Type.Object({ engine: Engine, backend: Backend });
export type Capability = Static<typeof Capability>;

/** The graphics interface that a worker draws with where a job leaves it the choice, of each engine. */
export const AutoBackends = Type.Object({ raster: Backend, pathtrace: Backend });
export type AutoBackends = Static<typeof AutoBackends>;

/** One browser process: it serves one tenant only. */
export const WorkerBrowser = Type.Object({
  tenantId: Id('tenant'),
  pid: Type.Integer(),
  pages: Type.Integer(),
});
export type WorkerBrowser = Static<typeof WorkerBrowser>;

/** A scene in GPU memory: `loads` counts how often the pages that have it have parsed and uploaded it. */
export const WorkerScene = Type.Object({
  tenantId: Id('tenant'),
  sceneHash: Sha256,
  loads: Type.Integer(),
  sessions: Type.Integer(),
});
export type WorkerScene = Static<typeof WorkerScene>;

/** What a worker says of itself with every heartbeat. */
export const WorkerStatus = Type.Object({
  browsers: Type.Array(WorkerBrowser),
  scenes: Type.Array(WorkerScene),
  /** Bytes of the scene cache on disk. */
  cacheBytes: Type.Integer(),
  /** Resident memory in bytes: the worker's Node process, and its browsers with all their processes. */
  nodeRssBytes: Type.Integer(),
  browserRssBytes: Type.Integer(),
});
export type WorkerStatus = Static<typeof WorkerStatus>;

/** What a worker is; said once, at registration. */
export const WorkerIdentity = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  pid: Type.Integer(),
  /** Machine that it runs on; absent from workers of before, whose name stands for it. */
  host: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  version: Type.String(),
  /** Versions of the worker protocol, newest first. */
  protocols: Type.Array(Type.Integer(), { minItems: 1 }),
  slots: Type.Integer({ minimum: 1, maximum: 256 }),
  maxSessions: Type.Integer({ minimum: 0 }),
  capabilities: Type.Array(Capability),
  /** What the back end `auto` is on it, for as long as it runs. Absent from workers of before: WebGL. */
  autoBackends: Type.Optional(AutoBackends),
  adapterClass: AdapterClass,
  /** Renderer string, as WebGL gives it. */
  renderer: Type.String(),
  /** ANGLE or Dawn back end: `gl-egl`, `vulkan`, `swiftshader` … */
  backend: Type.String(),
  browserVersion: Type.String(),
  sandboxed: Type.Boolean(),
  /** Absent from workers that make no films. */
  filmMakers: Type.Optional(Type.Array(FilmMaker)),
  ...WORKER_FACTS,
  /** [WK22] It draws its canary when it is asked to. Absent from workers of before. */
  drawsCanary: Type.Optional(Type.Boolean()),
});
export type WorkerIdentity = Static<typeof WorkerIdentity>;

export const Worker = Type.Object({
  id: Id('worker'),
  state: WorkerState,
  ...WorkerIdentity.properties,
  /** Processes of the machine are the operator's business: null and none for others. */
  pid: Type.Union([Type.Integer(), Type.Null()]),
  /** Of the browser that serves the asking tenant, else of any. */
  browserPid: Type.Union([Type.Integer(), Type.Null()]),
  browsers: Type.Array(WorkerBrowser),
  scenes: Type.Array(WorkerScene),
  /** Live sessions on this worker: the asking tenant's own, for an operator all. So are the attempts. */
  sessions: Type.Integer(),
  /** Attempts under way. */
  attempts: Type.Integer(),
  /** Bytes of disk and memory come from all tenants together: 0 for whoever is no operator. */
  cacheBytes: Type.Integer(),
  nodeRssBytes: Type.Integer(),
  browserRssBytes: Type.Integer(),
  registeredAt: Timestamp,
  seenAt: Timestamp,
  /** Until then it is given nothing that another could do, or nothing at all. Null: it is not suspended. */
  suspendedUntil: Type.Union([Timestamp, Type.Null()]),
  /** Tasks failed here that others then did; or it drew its canary wrong, and is given nothing before that is right. */
  suspendedFor: Type.Union([Type.Enum(['tasks', 'canary']), Type.Null()]),
});
export type Worker = Static<typeof Worker>;

export const Session = Type.Object({
  id: Id('session'),
  sceneId: Id('scene'),
  state: SessionState,
  workerId: Type.Union([Id('worker'), Type.Null()]),
  /** Seconds in which workers have drawn for it, and for nobody else. */
  drawnSec: Type.Number(),
  createdAt: Timestamp,
  endedAt: Type.Union([Timestamp, Type.Null()]),
});
export type Session = Static<typeof Session>;

/** Health, capabilities, errors and the sweep. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Timestamp } from '../identifiers.ts';
import { Backend, Engine } from './settings.ts';

export const ErrorBody = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    field: Type.Optional(Type.String()),
    position: Type.Optional(Type.Integer()),
    retryable: Type.Boolean(),
    requestId: Type.String(),
  }),
});
export type ErrorBody = Static<typeof ErrorBody>;

export const Health = Type.Object({
  status: Type.Enum(['ok', 'degraded', 'draining']),
  version: Type.String(),
  /** Each part that the server needs, and whether it answers. */
  parts: Type.Object({
    store: Type.Enum(['ok', 'down']),
    queue: Type.Enum(['ok', 'down']),
    objects: Type.Enum(['ok', 'down', 'full']),
  }),
  workersReady: Type.Integer(),
  /** False when a worker runs its browser without a sandbox, by KILN_ALLOW_NO_SANDBOX=1. */
  sandboxed: Type.Boolean(),
  /** False when Redis lets the server make no users: then workers share its own access, and see all that is in Redis. */
  workersConfined: Type.Boolean(),
});
export type Health = Static<typeof Health>;

/** How late the event loop of the answering server ran what was due. */
export const EventLoopDelay = Type.Object({
  /** Length of the span that the figures are about, in milliseconds. */
  windowMs: Type.Number(),
  p50Ms: Type.Number(),
  p99Ms: Type.Number(),
  maxMs: Type.Number(),
});
export type EventLoopDelay = Static<typeof EventLoopDelay>;

/** What the live sessions of the answering server have sent, and what waited: of those that are open now, since they came to it. */
export const LiveTraffic = Type.Object({
  sessions: Type.Integer(),
  /** To one viewer each, tiles of a picture and frames of a video by themselves. */
  picturesSent: Type.Integer(),
  /** That waited for a viewer until a newer one took their place. */
  picturesReplaced: Type.Integer(),
  /** That a viewer could not use any more, or for which there was no room. */
  picturesDropped: Type.Integer(),
  /** Poses, views and lists of viewers that waited for a viewer until a newer one took their place. */
  messagesReplaced: Type.Integer(),
  /** Poses and views that waited for a worker until a newer one took their place. */
  inputsReplaced: Type.Integer(),
  /** Most that waited for one viewer at once, in its socket and before it. */
  mostWaitingBytes: Type.Integer(),
});
export type LiveTraffic = Static<typeof LiveTraffic>;

/** What this farm can do now, for menus and `doctor`. */
export const FarmCapabilities = Type.Object({
  engines: Type.Array(Type.Object({ engine: Engine, backend: Backend, workers: Type.Integer() })),
  formats: Type.Array(Type.String()),
  slots: Type.Integer(),
});
export type FarmCapabilities = Static<typeof FarmCapabilities>;

/** What the sweep found, or swept. */
export const AuditCheck = Type.Object({
  name: Type.String(),
  /** What must hold. */
  about: Type.String(),
  /** Things that were looked at. */
  checked: Type.Integer(),
  violations: Type.Integer(),
  /** Some of the violations, a sentence each. */
  examples: Type.Array(Type.String()),
});
export type AuditCheck = Static<typeof AuditCheck>;

export const AuditReport = Type.Object({
  at: Timestamp,
  /** Whether everything holds. */
  ok: Type.Boolean(),
  checks: Type.Array(AuditCheck),
});
export type AuditReport = Static<typeof AuditReport>;

export const SweepReport = Type.Object({
  swept: Type.Boolean(),
  objects: Type.Integer(),
  objectBytes: Type.Integer(),
  /** Needed by nobody, but not yet for long enough: they go a day after the last trace of their use. */
  youngObjects: Type.Integer(),
  youngBytes: Type.Integer(),
  uploads: Type.Integer(),
  uploadBytes: Type.Integer(),
  events: Type.Integer(),
  /** Attempts whose logs have had their time. */
  attemptLogs: Type.Integer(),
  /** Jobs that ended so long ago that they go with all that they made. */
  jobs: Type.Integer(),
  /** All that the store holds, for comparison. */
  storedObjects: Type.Integer(),
  storedBytes: Type.Integer(),
});
export type SweepReport = Static<typeof SweepReport>;

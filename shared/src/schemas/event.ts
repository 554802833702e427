/**
 * What changed, for dashboards and command lines: `/api/v1/events`. Ids grow; a client that was away asks for what came
 * after the last one it saw.
 */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Timestamp } from '../identifiers.ts';
import { Frame, JobChange } from './job.ts';
import { FrameProgress } from './progress.ts';
import { Scene } from './scene.ts';

const event = <K extends string, T extends Type.TSchema>(type: K, data: T) =>
  Type.Object({ id: Type.Integer(), at: Timestamp, type: Type.Literal(type), data });

export const FarmEvent = Type.Union([
  event('scene', Scene),
  event('job', JobChange),
  event('job.purged', Type.Object({ jobId: Type.String() })),
  event('frame', Frame),
  event(
    'frame.failed',
    Type.Object({
      jobId: Type.String(),
      layer: Type.String(),
      frameNumbers: Type.Array(Type.Integer()),
      code: Type.String(),
      message: Type.String(),
      /** Whether another attempt follows. */
      willRetry: Type.Boolean(),
    }),
  ),
  event('workers', Type.Object({ ready: Type.Integer() })),
]);
export type FarmEvent = Static<typeof FarmEvent>;
export type FarmEventType = FarmEvent['type'];

/** First message on the events socket, from the client. `after` 0 means: everything kept; absent: from now on. */
export const EventsHello = Type.Object(
  {
    type: Type.Literal('hello'),
    protocols: Type.Array(Type.Integer(), { minItems: 1 }),
    after: Type.Optional(Type.Integer({ minimum: 0 })),
    jobId: Type.Optional(Type.String()),
    sceneId: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type EventsHello = Static<typeof EventsHello>;

/**
 * The server's answer. `cursor` is the newest id at that moment. `missed`: events after `after` are no longer kept, or
 * `after` is from another history; what the client shows must be fetched again.
 */
export const EventsWelcome = Type.Object({
  type: Type.Literal('welcome'),
  protocol: Type.Integer(),
  cursor: Type.Integer(),
  missed: Type.Optional(Type.Boolean()),
});
export type EventsWelcome = Static<typeof EventsWelcome>;

/** Sent while nothing else is, every `EVENTS_ALIVE_MS`. Every event up to `cursor` that passes the filter was sent. */
export const EventsAlive = Type.Object({ type: Type.Literal('alive'), cursor: Type.Integer() });
export type EventsAlive = Static<typeof EventsAlive>;

/** [EV9] Has no id: it is not kept, and merged at will. */
export const EventsProgress = Type.Object({ type: Type.Literal('progress'), data: FrameProgress });
export type EventsProgress = Static<typeof EventsProgress>;

/** Versions of the events protocol that this build speaks, newest first. */
export const EVENTS_PROTOCOLS = [1] as const;

/** Longest silence of a server that sends `alive`; a client that hears nothing for three of these connects again. */
export const EVENTS_ALIVE_MS = 10_000;

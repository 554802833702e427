/** Addresses of a tenant that are told what becomes of its jobs, and what was sent to them. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id, Timestamp } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';
import { STORABLE_CHARS } from '../storable-text.ts';
import { JobChange } from './job.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/**
 * A job that is tried again may fail, or succeed, a second time. `job.waiting`: somebody must say that it goes on; why is in its
 * `waitsFor`.
 */
export const WebhookEvent = Type.Enum(['job.succeeded', 'job.failed', 'job.cancelled', 'job.paused', 'job.waiting']);
export type WebhookEvent = Static<typeof WebhookEvent>;

/** `webhook.test` is sent when it is asked for, whatever the hook listens to. */
export const WebhookMessageType = Type.Enum([...WebhookEvent.enum, 'webhook.test']);
export type WebhookMessageType = Static<typeof WebhookMessageType>;

/** `gone`: its address answered 410. `failing`: nothing was taken for days. */
export const WebhookDisabledReason = Type.Enum(['gone', 'failing']);
export type WebhookDisabledReason = Static<typeof WebhookDisabledReason>;

const Url = Type.String({
  minLength: 1,
  maxLength: LIMITS.webhookUrlChars,
  pattern: `^${STORABLE_CHARS}+$`,
  description: 'Address that takes POST requests: http:// or https://, without user name or password.',
});

const Events = Type.Array(WebhookEvent, {
  minItems: 1,
  maxItems: WebhookEvent.enum.length,
  description: `What it is told of: ${WebhookEvent.enum.join(', ')}.`,
});

const Description = Type.String({
  maxLength: LIMITS.nameChars,
  pattern: `^${STORABLE_CHARS}*$`,
  description: `Text of at most ${LIMITS.nameChars} characters.`,
});

export const Webhook = Type.Object({
  id: Id('webhook'),
  url: Type.String(),
  events: Type.Array(WebhookEvent),
  description: Type.String(),
  /** What happens while it is not is never sent. */
  enabled: Type.Boolean(),
  /** Why the farm disabled it; null when it is enabled, or its owner did. */
  disabledReason: Nullable(WebhookDisabledReason),
  /** Since when nothing was taken; null when the last message was. */
  failingSince: Nullable(Timestamp),
  createdAt: Timestamp,
});
export type Webhook = Static<typeof Webhook>;

export const WebhookRequest = Type.Object(
  { url: Url, events: Events, description: Type.Optional(Description) },
  { additionalProperties: false },
);
export type WebhookRequest = Static<typeof WebhookRequest>;

/** The secret is shown this once. */
export const WebhookCreated = Type.Object({ webhook: Webhook, secret: Type.String() });
export type WebhookCreated = Static<typeof WebhookCreated>;

export const WebhookChanges = Type.Object(
  {
    url: Type.Optional(Url),
    events: Type.Optional(Events),
    description: Type.Optional(Description),
    enabled: Type.Optional(
      Type.Boolean({ description: 'false gives up what waits to be sent; true begins anew, with what happens then.' }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type WebhookChanges = Static<typeof WebhookChanges>;

/** The body of what is sent. */
export const WebhookMessage = Type.Object({
  /** The same each time that it is sent: who has seen it need not act on it again. */
  id: Id('message'),
  type: WebhookMessageType,
  /** When it happened. */
  createdAt: Timestamp,
  /** As it was then; null in a test. */
  job: Nullable(JobChange),
});
export type WebhookMessage = Static<typeof WebhookMessage>;

/**
 * `waiting`: it will be sent, or sent again, at `nextAt`. `delivered`: it was taken (2xx). `failed`: nothing more is tried
 * by itself. Only a replay leads from the last two back to the first.
 */
export const WebhookDeliveryState = Type.Enum(['waiting', 'delivered', 'failed']);
export type WebhookDeliveryState = Static<typeof WebhookDeliveryState>;

export const WebhookAttempt = Type.Object({
  /** Counts from 1, replays included. */
  number: Type.Integer(),
  at: Timestamp,
  durationMs: Type.Integer(),
  /** HTTP status of the answer; null when none came. */
  status: Nullable(Type.Integer()),
  /** Why it counts as a failure; null when it does not. */
  error: Nullable(Type.String()),
});
export type WebhookAttempt = Static<typeof WebhookAttempt>;

/** One message to one hook. */
export const WebhookDelivery = Type.Object({
  id: Id('delivery'),
  webhookId: Id('webhook'),
  messageId: Id('message'),
  type: WebhookMessageType,
  jobId: Nullable(Id('job')),
  state: WebhookDeliveryState,
  /** The latest, oldest first. */
  attempts: Type.Array(WebhookAttempt),
  nextAt: Nullable(Timestamp),
  createdAt: Timestamp,
});
export type WebhookDelivery = Static<typeof WebhookDelivery>;

/** What is sent: the body, and the headers that say from whom it is, after Standard Webhooks. */
import { createHmac } from 'node:crypto';
import type { WebhookMessage } from '@kiln/shared';
import type { Selectable } from 'kysely';
import { type JobRow, jobChange } from '../jobs/present.ts';
import type { RandomBytes } from '../services.ts';
import type { WebhookDeliveryTable } from '../store/webhook-tables.ts';
import { VERSION } from '../version.ts';

export type DeliveryRow = Selectable<WebhookDeliveryTable>;

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;

export const newWebhookSecret = (random: RandomBytes): string =>
  `${SECRET_PREFIX}${Buffer.from(random(new Uint8Array(SECRET_BYTES))).toString('base64')}`;

/** The same text each time that it is sent. */
export function messageBody(row: DeliveryRow): string {
  const message: WebhookMessage = {
    id: row.message_id,
    type: row.type,
    createdAt: row.created_at.toISOString(),
    job: row.job === null ? null : jobChange(jobRow(row.job)),
  };
  return JSON.stringify(message);
}

const TIMES = ['created_at', 'started_at', 'ended_at'] as const;

/** `to_jsonb` of a row of `jobs` writes times as text, and everything else as it is. */
function jobRow(stored: Record<string, unknown>): JobRow {
  const times = TIMES.map((column) => [column, stored[column] === null ? null : new Date(String(stored[column]))]);
  return { ...(stored as unknown as JobRow), ...Object.fromEntries(times) };
}

/** @param at when it is sent: receivers refuse what is old. */
export function messageHeaders(id: string, body: string, secret: string, at: Date): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'user-agent': `Kiln/${VERSION}`,
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

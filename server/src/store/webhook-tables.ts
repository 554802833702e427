/** Webhooks and what is sent to them. */
import type {
  WebhookAttempt,
  WebhookDeliveryState,
  WebhookDisabledReason,
  WebhookEvent,
  WebhookMessageType,
} from '@kiln/shared';
import type { ColumnType, Generated } from 'kysely';
import type { CreatedAt, NullableJson } from './column-types.ts';

export interface WebhookTable {
  id: string;
  tenant_id: string;
  url: string;
  events: ColumnType<WebhookEvent[], string, string>;
  description: string;
  /** Signs what is sent, so it is kept as it is. */
  secret: string;
  enabled: Generated<boolean>;
  disabled_reason: ColumnType<WebhookDisabledReason | null, never, WebhookDisabledReason | null>;
  failing_since: ColumnType<Date | null, never, Date | null>;
  created_at: CreatedAt;
}

/** Messages of jobs are written by a trigger, in the transaction that changes the job's state. */
export interface WebhookDeliveryTable {
  id: string;
  webhook_id: string;
  message_id: string;
  type: WebhookMessageType;
  job_id: string | null;
  /** The job's row as it was; null in a test. */
  job: NullableJson<Record<string, unknown>>;
  state: Generated<WebhookDeliveryState>;
  /** Attempts since it was made, or replayed. */
  tries: Generated<number>;
  /** All of them. */
  attempt_count: Generated<number>;
  attempts: ColumnType<WebhookAttempt[], string | undefined, string>;
  /** When it is sent. While it is sent: when it is sent again should the sender die. Null: it waits no more. */
  next_at: Date | null;
  created_at: CreatedAt;
}

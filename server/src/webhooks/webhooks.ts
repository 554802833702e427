/** Webhooks of one tenant, and what was sent to them. Another tenant's are not there. */
import {
  type IdKind,
  KilnError,
  LIMITS,
  type Webhook,
  type WebhookChanges,
  type WebhookCreated,
  type WebhookDelivery,
  type WebhookRequest,
} from '@kiln/shared';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { untangled } from '../events/changes.ts';
import { checkCursor } from '../http/list-cursor.ts';
import { type Page, type PageQuery, pageOf } from '../http/page.ts';
import type { RandomBytes } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { giveUpWaiting } from './delivery-rows.ts';
import { findDestination, type LookUp, LookUpError, readWebhookUrl } from './destination.ts';
import { type DeliveryRow, newWebhookSecret } from './message.ts';
import type { AddressGuard } from './special-addresses.ts';

type WebhookRow = Selectable<Database['webhooks']>;

export interface WebhooksParts {
  readonly db: Kysely<Database>;
  readonly guard: AddressGuard;
  readonly lookUp: LookUp;
  readonly newId: (kind: IdKind) => string;
  readonly random: RandomBytes;
  readonly now: () => Date;
  /** There is something to send. */
  readonly wake: () => void;
}

/** Items of a page when the client does not say. */
const PAGE = 100;

export class Webhooks {
  readonly #parts: WebhooksParts;

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  /** @throws KilnError `request.invalid` for an address that is not allowed; `resource.conflict` for one too many. */
  async create(tenantId: string, { url, events, description = '' }: WebhookRequest): Promise<WebhookCreated> {
    const { db, newId, random } = this.#parts;
    const checked = await this.#checkUrl(url);
    const secret = newWebhookSecret(random);
    const row = await db.transaction().execute(async (tx) => {
      // The tenant's row, so that two at once are counted one after the other.
      await tx.selectFrom('tenants').select('id').where('id', '=', tenantId).forNoKeyUpdate().execute();
      const { count } = await tx
        .selectFrom('webhooks')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('tenant_id', '=', tenantId)
        .executeTakeFirstOrThrow();
      if (Number(count) >= LIMITS.webhooksPerTenant) {
        const message = `a tenant has at most ${LIMITS.webhooksPerTenant} webhooks: remove one that is not needed`;
        throw new KilnError('resource.conflict', message);
      }
      return tx
        .insertInto('webhooks')
        .values({
          id: newId('webhook'),
          tenant_id: tenantId,
          url: checked,
          events: JSON.stringify([...new Set(events)]),
          description,
          secret,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
    });
    return { webhook: webhookView(row), secret };
  }

  async list(tenantId: string): Promise<{ items: Webhook[] }> {
    const rows = await this.#parts.db
      .selectFrom('webhooks')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return { items: rows.map(webhookView) };
  }

  /** @throws KilnError `resource.not_found`; as `create` for the address. */
  async edit(tenantId: string, webhookId: string, changes: WebhookChanges): Promise<Webhook> {
    const { url, events, description, enabled } = changes;
    await this.#hook(this.#parts.db, tenantId, webhookId);
    const checked = url === undefined ? undefined : await this.#checkUrl(url);
    const change = async (tx: Transaction<Database>) => {
      const before = await this.#lock(tx, tenantId, webhookId);
      const row = await tx
        .updateTable('webhooks')
        .set({
          url: checked ?? before.url,
          events: JSON.stringify([...new Set(events ?? before.events)]),
          description: description ?? before.description,
          ...(enabled === undefined ? {} : { enabled, disabled_reason: null, failing_since: null }),
        })
        .where('id', '=', webhookId)
        .returningAll()
        .executeTakeFirstOrThrow();
      if (!row.enabled) await giveUpWaiting(tx, webhookId);
      return webhookView(row);
    };
    return untangled(() => this.#parts.db.transaction().execute(change));
  }

  /** @throws KilnError `resource.not_found` */
  async remove(tenantId: string, webhookId: string): Promise<void> {
    await this.#hook(this.#parts.db, tenantId, webhookId);
    await this.#parts.db.deleteFrom('webhooks').where('id', '=', webhookId).where('tenant_id', '=', tenantId).execute();
  }

  /** @throws KilnError `resource.not_found`; `resource.conflict` when the hook is disabled. */
  async test(tenantId: string, webhookId: string): Promise<WebhookDelivery> {
    const { db, newId, now, wake } = this.#parts;
    const row = await db.transaction().execute(async (tx) => {
      this.#mustSend(await this.#lock(tx, tenantId, webhookId));
      return tx
        .insertInto('webhook_deliveries')
        .values({
          id: newId('delivery'),
          webhook_id: webhookId,
          message_id: newId('message'),
          type: 'webhook.test',
          job_id: null,
          job: null,
          next_at: now(),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
    });
    wake();
    return deliveryView(row);
  }

  /** Newest first. @throws KilnError `resource.not_found` */
  async deliveries(
    tenantId: string,
    webhookId: string,
    { limit = PAGE, cursor }: PageQuery,
  ): Promise<Page<WebhookDelivery>> {
    const { db } = this.#parts;
    await this.#hook(db, tenantId, webhookId);
    const ofHook = db.selectFrom('webhook_deliveries').selectAll().where('webhook_id', '=', webhookId);
    await checkCursor(cursor, (id) => ofHook.where('id', '=', id).executeTakeFirst());
    let query = ofHook
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (cursor !== undefined) {
      query = query.where(
        sql<boolean>`(created_at, id) < (select created_at, id from webhook_deliveries where id = ${cursor})`,
      );
    }
    return pageOf(await query.execute(), limit, (row) => row.id, deliveryView);
  }

  /** @throws KilnError as `test`. */
  async replay(tenantId: string, webhookId: string, deliveryId: string): Promise<WebhookDelivery> {
    const { db, now, wake } = this.#parts;
    const row = await db.transaction().execute(async (tx) => {
      this.#mustSend(await this.#lock(tx, tenantId, webhookId));
      return tx
        .updateTable('webhook_deliveries')
        .set({ state: 'waiting', tries: 0, next_at: now() })
        .where('id', '=', deliveryId)
        .where('webhook_id', '=', webhookId)
        .returningAll()
        .executeTakeFirst();
    });
    if (!row) throw new KilnError('resource.not_found', `webhook ${webhookId} has no delivery ${deliveryId}`);
    wake();
    return deliveryView(row);
  }

  /** A name that cannot be looked up now is looked up again before anything is sent. */
  async #checkUrl(text: string): Promise<string> {
    const { guard, lookUp } = this.#parts;
    const url = readWebhookUrl(text);
    await findDestination(url, guard, lookUp).catch((error: unknown) => {
      if (!(error instanceof LookUpError)) throw error;
    });
    return url.href;
  }

  #mustSend({ id, enabled }: WebhookRow): void {
    if (enabled) return;
    throw new KilnError('resource.conflict', `webhook ${id} is disabled: enable it first`);
  }

  async #hook(db: Kysely<Database>, tenantId: string, webhookId: string): Promise<WebhookRow> {
    const query = db.selectFrom('webhooks').selectAll().where('id', '=', webhookId).where('tenant_id', '=', tenantId);
    return found(await query.executeTakeFirst(), webhookId);
  }

  async #lock(tx: Transaction<Database>, tenantId: string, webhookId: string): Promise<WebhookRow> {
    const query = tx.selectFrom('webhooks').selectAll().where('id', '=', webhookId).where('tenant_id', '=', tenantId);
    return found(await query.forNoKeyUpdate().executeTakeFirst(), webhookId);
  }
}

function found(row: WebhookRow | undefined, webhookId: string): WebhookRow {
  if (!row) throw new KilnError('resource.not_found', `there is no webhook ${webhookId}`);
  return row;
}

const webhookView = (row: WebhookRow): Webhook => ({
  id: row.id,
  url: row.url,
  events: row.events,
  description: row.description,
  enabled: row.enabled,
  disabledReason: row.disabled_reason,
  failingSince: row.failing_since?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
});

const deliveryView = (row: DeliveryRow): WebhookDelivery => ({
  id: row.id,
  webhookId: row.webhook_id,
  messageId: row.message_id,
  type: row.type,
  jobId: row.job_id,
  state: row.state,
  attempts: row.attempts,
  nextAt: row.next_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
});

import * as Type from 'typebox';
import { Id } from '../identifiers.ts';
import { Webhook, WebhookChanges, WebhookCreated, WebhookDelivery, WebhookRequest } from '../schemas/webhook.ts';
import { Nothing, PageQuery, page, type RouteSpec } from './route-spec.ts';

const WebhookParams = Type.Object({ webhookId: Id('webhook') });
const DeliveryParams = Type.Object({ webhookId: Id('webhook'), deliveryId: Id('delivery') });

export const WEBHOOK_ROUTES = {
  createWebhook: {
    method: 'POST',
    path: '/webhooks',
    summary: 'Has an address told what becomes of jobs; the secret is shown this once.',
    identity: 'tenant',
    body: WebhookRequest,
    response: WebhookCreated,
    status: 201,
  },
  listWebhooks: {
    method: 'GET',
    path: '/webhooks',
    summary: 'Webhooks, oldest first.',
    identity: 'tenant',
    response: Type.Object({ items: Type.Array(Webhook) }),
  },
  editWebhook: {
    method: 'PATCH',
    path: '/webhooks/:webhookId',
    summary: 'Changes a webhook, or enables or disables it.',
    identity: 'tenant',
    params: WebhookParams,
    body: WebhookChanges,
    response: Webhook,
  },
  deleteWebhook: {
    method: 'DELETE',
    path: '/webhooks/:webhookId',
    summary: 'Forgets a webhook and what was sent to it.',
    identity: 'tenant',
    params: WebhookParams,
    response: Nothing,
  },
  testWebhook: {
    method: 'POST',
    path: '/webhooks/:webhookId/test',
    summary: 'Sends a message without a job.',
    identity: 'tenant',
    params: WebhookParams,
    response: WebhookDelivery,
    status: 201,
  },
  listDeliveries: {
    method: 'GET',
    path: '/webhooks/:webhookId/deliveries',
    summary: 'What was sent to a webhook in the last 30 days, newest first, with every attempt.',
    identity: 'tenant',
    params: WebhookParams,
    query: PageQuery,
    response: page(WebhookDelivery),
  },
  replayDelivery: {
    method: 'POST',
    path: '/webhooks/:webhookId/deliveries/:deliveryId/replay',
    summary: 'Sends a message again, now.',
    identity: 'tenant',
    params: DeliveryParams,
    response: WebhookDelivery,
  },
} as const satisfies Record<string, RouteSpec>;

import type { FastifyInstance } from 'fastify';
import { route } from '../http/route.ts';
import type { Webhooks } from './webhooks.ts';

export function registerWebhooks(app: FastifyInstance, webhooks: Webhooks): void {
  route(app, 'createWebhook', ({ identity, body }) => webhooks.create(identity.tenantId, body));
  route(app, 'listWebhooks', ({ identity }) => webhooks.list(identity.tenantId));
  route(app, 'editWebhook', ({ identity, params, body }) => webhooks.edit(identity.tenantId, params.webhookId, body));
  route(app, 'deleteWebhook', async ({ identity, params }) => {
    await webhooks.remove(identity.tenantId, params.webhookId);
    return {};
  });
  route(app, 'testWebhook', ({ identity, params }) => webhooks.test(identity.tenantId, params.webhookId));
  route(app, 'listDeliveries', ({ identity, params, query }) =>
    webhooks.deliveries(identity.tenantId, params.webhookId, query),
  );
  route(app, 'replayDelivery', ({ identity, params }) =>
    webhooks.replay(identity.tenantId, params.webhookId, params.deliveryId),
  );
}

/** A one-time code, or an API key, becomes the cookie of a browser. */
import { KilnError, type Role } from '@kiln/shared';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { FailureLimiter } from '../http/failure-limiter.ts';
import { FailureGate } from '../http/request-limits.ts';
import { route } from '../http/route.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { Services } from '../services.ts';
import { hashSecret, newSecret } from '../workers/secrets.ts';
import { sessionCookieName, sessionTokenOf } from './session-cookie.ts';
import { StoreKeys } from './store-identities.ts';

type SignInServices = Pick<Services, 'store' | 'clock' | 'random' | 'advertisedUrl' | 'config'>;

export function registerSignIn(app: FastifyInstance, services: SignInServices): void {
  const { clock } = services;
  const { db } = services.store;
  const failures = new FailureGate(new FailureLimiter(SERVER_LIMITS.signInFailures, clock));
  const keys = new StoreKeys(db, clock);

  route(app, 'signIn', async ({ body, request, reply }) => {
    failures.check(request, reply);
    if ((body.code === undefined) === (body.apiKey === undefined)) {
      throw new KilnError('request.invalid', 'expected either `code` or `apiKey` in the body', { field: '/code' });
    }
    const known =
      body.apiKey === undefined ? await spendCode(services, body.code ?? '') : await keys.ofKey(body.apiKey);
    if (known === null) {
      failures.failed(request);
      throw body.apiKey === undefined
        ? new KilnError('identity.code_spent', 'the code was used already, has expired or never existed: get a new one')
        : new KilnError('identity.missing', 'this is not a valid API key');
    }
    await openSession(services, known, reply);
    const { name } = await db
      .selectFrom('tenants')
      .select('name')
      .where('id', '=', known.tenantId)
      .executeTakeFirstOrThrow();
    return { tenant: { id: known.tenantId, name }, role: known.role };
  });

  route(app, 'signOut', async ({ request, reply }) => {
    const token = sessionTokenOf(request.headers, services.advertisedUrl());
    if (token !== null) await db.deleteFrom('web_sessions').where('token_hash', '=', hashSecret(token)).execute();
    reply.clearCookie(sessionCookieName(services.advertisedUrl()), { path: '/' });
    return {};
  });

  route(app, 'me', async ({ identity }) => ({
    tenant: { id: identity.tenantId, name: identity.tenantName },
    role: identity.role,
  }));

  route(app, 'createSignInCode', async ({ identity }) => {
    const code = newSecret(services.random);
    const expiresAt = new Date(clock.now().getTime() + SERVER_LIMITS.signInCodeMs);
    await db
      .insertInto('sign_in_codes')
      .values({
        code_hash: hashSecret(code),
        tenant_id: identity.tenantId,
        role: identity.role,
        expires_at: expiresAt,
        used_at: null,
      })
      .execute();
    // In the fragment, which no server or proxy ever sees or logs.
    return { code, url: `${services.advertisedUrl()}/#code=${code}`, expiresAt: expiresAt.toISOString() };
  });
}

/** One statement: of two that come with the same code, one finds it unused. */
async function spendCode(
  { store, clock }: SignInServices,
  code: string,
): Promise<{ tenantId: string; role: Role } | null> {
  const now = clock.now();
  const row = await store.db
    .updateTable('sign_in_codes')
    .set({ used_at: now })
    .where('code_hash', '=', hashSecret(code))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning(['tenant_id as tenantId', 'role'])
    .executeTakeFirst();
  return row ?? null;
}

async function openSession(
  services: SignInServices,
  known: { readonly tenantId: string; readonly role: Role },
  reply: FastifyReply,
): Promise<void> {
  const token = newSecret(services.random);
  const expiresAt = new Date(services.clock.now().getTime() + SERVER_LIMITS.webSessionMs);
  await services.store.db
    .insertInto('web_sessions')
    .values({ token_hash: hashSecret(token), tenant_id: known.tenantId, role: known.role, expires_at: expiresAt })
    .execute();
  reply.setCookie(sessionCookieName(services.advertisedUrl()), token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: services.advertisedUrl().startsWith('https:'),
    expires: expiresAt,
  });
}

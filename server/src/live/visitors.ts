/** Who opens a live socket: an identity of the tenant, a token of a page of another site, or a worker ([LV29, WS1]). */
import type { IncomingMessage } from 'node:http';
import { KilnError, type ViewerHello } from '@kiln/shared';
import { NO_IDENTITY, strangerError } from '../events/socket-peer.ts';
import type { OriginCheck } from '../http/origin.ts';
import type { Services } from '../services.ts';
import type { Admission, ViewTokens } from '../tokens/view-tokens.ts';
import type { WorkerIdentities } from '../workers/worker-identity.ts';
import type { ViewerRights } from './session-parts.ts';

export interface VisitorParts {
  readonly services: Pick<Services, 'identities' | 'identityFailures'>;
  readonly workers: WorkerIdentities;
  readonly tokens: Pick<ViewTokens, 'admit'>;
  readonly origins: Pick<OriginCheck, 'isForeign'>;
}

/** Who opens the live view. */
export interface Visitor extends ViewerRights {
  readonly tenantId: string;
  readonly admission: Admission | null;
}

/** [LV1, LV29] A page of another site is nobody without a token: what its visitor is signed in as is not its to use. */
export async function visitorOf(
  { tokens, origins, services }: VisitorParts,
  { sceneId, token }: ViewerHello,
  request: IncomingMessage,
): Promise<Visitor> {
  const { headers } = request;
  const isForeign = origins.isForeign(headers);
  if (token === undefined) {
    if (isForeign) throw new KilnError('identity.missing', '[LV29] a page of another site needs a token');
    const identity = await services.identities.ofHeaders(headers);
    if (!identity) throw strangerError(services.identityFailures, request, NO_IDENTITY);
    return { tenantId: identity.tenantId, access: 'drive', tokenId: null, maxSamples: null, admission: null };
  }
  const isOwnPage = headers.origin !== undefined && !isForeign;
  const admission = await tokens.admit(token, { sceneId, origin: headers.origin, isOwnPage });
  if (!admission) throw strangerError(services.identityFailures, request, 'the token was not made by this farm');
  const { tenantId, access, tokenId, maxSamples } = admission;
  return { tenantId, access, tokenId, maxSamples, admission };
}

export async function workerOf({ workers, services }: VisitorParts, request: IncomingMessage): Promise<string> {
  try {
    return await workers.of(request.headers);
  } catch (error) {
    if (!(error instanceof KilnError && error.code === 'identity.missing')) throw error;
    throw strangerError(services.identityFailures, request, error.message);
  }
}

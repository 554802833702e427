/** Who asks: an API key in the Authorization header, or the cookie of a signed-in browser. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Role } from '@kiln/shared';

export interface Identity {
  readonly tenantId: string;
  readonly tenantName: string;
  readonly role: Role;
  readonly by: 'key' | 'cookie';
}

export interface Identities {
  /** Null: nobody that the farm knows. */
  ofHeaders(headers: IncomingHttpHeaders): Promise<Identity | null>;
}

import * as Type from 'typebox';
import { Id } from '../identifiers.ts';
import { Token, TokenCreated, TokenRequest } from '../schemas/token.ts';
import { Nothing, type RouteSpec } from './route-spec.ts';

const TokenParams = Type.Object({ tokenId: Id('token') });

export const TOKEN_ROUTES = {
  createToken: {
    method: 'POST',
    path: '/tokens',
    summary: 'Makes a token by which pages of other sites open live views of some scenes; it is shown this once.',
    identity: 'tenant',
    body: TokenRequest,
    response: TokenCreated,
    status: 201,
  },
  listTokens: {
    method: 'GET',
    path: '/tokens',
    summary: 'Tokens that open sessions, and those that did in the last 7 days, newest first; 1,000 at most.',
    identity: 'tenant',
    response: Type.Object({ items: Type.Array(Token) }),
  },
  revokeToken: {
    method: 'DELETE',
    path: '/tokens/:tokenId',
    summary: 'Makes a token good for nothing, and ends the sessions that it has open.',
    identity: 'tenant',
    params: TokenParams,
    response: Nothing,
  },
} as const satisfies Record<string, RouteSpec>;

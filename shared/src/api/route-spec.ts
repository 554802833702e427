/** What a row of the table of routes is made of. */
import * as Type from 'typebox';
import { STORABLE_CHARS } from '../storable-text.ts';

export interface RouteSpec {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `API_PREFIX`; parameters as `:name`. */
  readonly path: string;
  readonly summary: string;
  /** `none`: open to everybody; `tenant`: any identity; `operator`: one that runs the farm. */
  readonly identity: 'none' | 'tenant' | 'operator';
  readonly params?: Type.TObject;
  readonly query?: Type.TObject;
  readonly body?: Type.TSchema;
  readonly response: Type.TSchema;
  /** @defaultValue 200 */
  readonly status?: number;
  /** Failing statuses that carry `response` all the same. */
  readonly otherStatuses?: readonly number[];
}

/** `next` is passed back as `cursor`; null on the last page. */
export const page = <T extends Type.TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });

export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
  cursor: Type.Optional(Type.String({ maxLength: 200, pattern: `^${STORABLE_CHARS}*$` })),
};
export const PageQuery = Type.Object(pageQuery, { additionalProperties: false });

export const Nothing = Type.Object({});

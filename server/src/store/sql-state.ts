/** What PostgreSQL says went wrong, the same from `pg` and from PGlite. */
const field = (error: unknown, name: string): string | null => {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : null;
  return typeof value === 'string' ? value : null;
};

/** SQLSTATE, such as `23505`, or null when the error is not the database's. */
export function sqlState(error: unknown): string | null {
  const code = field(error, 'code');
  return code !== null && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

/** @param constraint name of the constraint or unique index; absent: any. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return sqlState(error) === '23505' && (constraint === undefined || field(error, 'constraint') === constraint);
}

/** Class 53, insufficient resources: `53100` is a full disk. */
export const isStoreFull = (error: unknown): boolean => sqlState(error) === '53100';

/** Class 22, data exceptions: a value that no column of its type can hold, such as a text with NUL. */
export const isBadData = (error: unknown): boolean => sqlState(error)?.startsWith('22') === true;

/** What `pg` says, without a code, of connections that are gone, could not be made in time, or are all in use for so long. */
const NO_CONNECTION =
  /^(timeout exceeded when trying to connect|Connection terminated.*|Client has encountered a connection error and is not queryable)$/;

/** The connection is gone or could not be had (class 08, 57P0x, or no SQLSTATE but a socket's error code, or words of `pg`). */
export function isStoreUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== null) return state.startsWith('08') || state.startsWith('57P');
  if (error instanceof Error && NO_CONNECTION.test(error.message)) return true;
  return /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|NOTFOUND)$/.test(field(error, 'code') ?? '');
}

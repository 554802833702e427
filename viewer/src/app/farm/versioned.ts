/**
 * An address that changes with what is there: a browser shows what it has of an address without asking.
 *
 * @param version a hash, or what else tells one time from another; null: none is known.
 */
export const versioned = (url: string, version: string | null | undefined): string =>
  `${url}?v=${encodeURIComponent((version ?? '').slice(0, VERSION_CHARS))}`;

/** The server caches for ever what is named by so much of its hash; a time has as many to the second. */
const VERSION_CHARS = 24;

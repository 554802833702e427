/** The address by which somebody else sees what a live view shows: of the farm’s own page, with the session in it. */
const PARAMETER = 'watch';

export function watchLink(address: string, sessionId: string): string {
  const url = new URL(address);
  url.search = new URLSearchParams({ [PARAMETER]: sessionId }).toString();
  url.hash = '';
  return url.href;
}

/** @returns the session that an address says to watch; null: none, or nothing that is one. */
export function watchedIn(query: Readonly<Record<string, string>>): string | null {
  const sessionId = query[PARAMETER];
  return sessionId !== undefined && /^ses_[0-9a-z]{20}$/.test(sessionId) ? sessionId : null;
}

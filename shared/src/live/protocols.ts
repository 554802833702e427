/** Versions of the live protocol that this build speaks, newest first. */
export const LIVE_PROTOCOLS = [1] as const;

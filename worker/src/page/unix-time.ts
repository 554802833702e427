/** Unix milliseconds with a fraction; the same clock in the page and in its workers. */
export const unixMs = (): number => performance.timeOrigin + performance.now();

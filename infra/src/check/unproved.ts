import type { Found } from '../setup/found.ts';
import { NEEDS } from '../setup/plan.ts';

/** Programs that are not Kiln's, and what the heavy tests prove with them. */
const READERS = [
  { tool: 'imageTools', reads: 'pictures, layers and Cryptomattes' },
  { tool: 'filmTools', reads: 'films' },
] as const;

/** What the heavy tests leave unproved on a machine without those, a line each; none where they are. */
export function unproved(found: Pick<Found, (typeof READERS)[number]['tool']>): string[] {
  const missing = READERS.filter(({ tool }) => !found[tool]);
  return missing.map(({ tool, reads }) => {
    const { what, apt } = NEEDS[tool];
    return `NOT PROVED: there is no ${what} here to read ${reads} back; install ${apt.join(' ')} and run this again.`;
  });
}

import type { Found } from '../setup/found.ts';
import { NEEDS } from '../setup/plan.ts';

/** Programs that are not Kiln's, and what the heavy tests prove with them. */
const TOOLS = [
  { tool: 'imageTools', purpose: 'read pictures, layers and Cryptomattes back' },
  { tool: 'filmTools', purpose: 'read films back' },
  { tool: 'postgresBin', purpose: 'run the store’s rules and a whole farm against' },
  { tool: 's3Server', purpose: 'keep objects in as in production' },
] as const;

/** What the heavy tests leave unproved on a machine without those, a line each; none where they are. */
export function unproved(found: Pick<Found, (typeof TOOLS)[number]['tool']>): string[] {
  const missing = TOOLS.filter(({ tool }) => !found[tool]);
  return missing.map(({ tool, purpose }) => {
    const { what, apt } = NEEDS[tool === 'postgresBin' ? 'postgres' : tool];
    return `NOT PROVED: there is no ${what} here to ${purpose}; install ${apt.join(' ')} and run this again.`;
  });
}

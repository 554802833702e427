/** Names that a message lists before it says how many more there are. */
export const LISTED_NAMES = 12;

/** What may be chosen, for messages. */
export function choices(names: readonly string[], ...always: string[]): string {
  const all = [...always, ...names];
  if (all.length === 0) return 'it has none';
  const listed = all.slice(0, LISTED_NAMES).join(', ');
  return `it has: ${listed}${all.length > LISTED_NAMES ? ` and ${all.length - LISTED_NAMES} more` : ''}`;
}

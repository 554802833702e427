const { origin } = new URL(import.meta.url);

/** Where this script came from: of one that a farm serves, the farm. Empty where it came from a file. */
export const SCRIPT_ORIGIN = origin === 'null' ? '' : origin;

/** What is said where the address of the farm is not known. */
export const NO_FARM = 'No address of a farm: this script came from none, so `farm` has to say it.';

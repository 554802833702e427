/** Where this script came from: of one that a farm serves, the farm. */
export const SCRIPT_ORIGIN = new URL(import.meta.url).origin;

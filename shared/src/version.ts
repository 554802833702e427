import manifest from '../package.json' with { type: 'json' };

/** Kiln's version, as files carry it that it makes. */
export const KILN_VERSION: string = manifest.version;

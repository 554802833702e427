/** Files that a job uses beside its scene: light from all around, and look-up tables. */

export const ASSET_KINDS = {
  environment: { name: 'an environment', endings: ['hdr', 'exr'] },
  lut: { name: 'a look-up table', endings: ['cube'] },
} as const;

export type AssetKind = keyof typeof ASSET_KINDS;

/** What an upload with such an entry is: an asset has one file, which is its entry. */
export type UploadKind = 'scene' | AssetKind;

export const UPLOAD_KINDS = ['scene', 'environment', 'lut'] as const satisfies readonly UploadKind[];

/** What a file's name says it is, where that is an asset. */
export function assetKindOf(path: string): AssetKind | null {
  const ending = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase();
  const has = (kind: AssetKind) => ASSET_KINDS[kind].endings.some((known) => known === ending);
  return has('environment') ? 'environment' : has('lut') ? 'lut' : null;
}

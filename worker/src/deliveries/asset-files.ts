import type { AssetReference, EnvironmentChoice, SceneFile } from '@kiln/shared';

/** Files that settings or a view name beside the scene; each is called by its hash. */
export function assetFiles({
  environment,
  lut,
}: {
  readonly environment?: EnvironmentChoice;
  readonly lut?: AssetReference | null;
}): SceneFile[] {
  const references = [typeof environment === 'object' ? environment : null, lut ?? null];
  return references.flatMap((reference) => (reference ? [{ path: reference.sha256, ...reference }] : []));
}

import {
  ASSET_KINDS,
  type AssetKind,
  assetKindOf,
  checkManifest,
  formatOf,
  KilnError,
  LIMITS,
  SCENE_ENDINGS,
  type SceneManifest,
} from '@kiln/shared';

const OTHER_ARCHIVE = /\.(7z|rar|tar|tgz|gz|bz2|xz)$/i;

/**
 * Refuses what no upload can make right.
 *
 * @throws KilnError `request.invalid`, `scene.empty_file`, `scene.unsupported_format`, `scene.over_limit`, each with the
 *   field at fault.
 */
export function checkScene(manifest: SceneManifest): void {
  checkManifest(manifest);
  const empty = manifest.files.findIndex(({ sizeBytes }) => sizeBytes === 0);
  const emptyFile = manifest.files[empty];
  if (emptyFile !== undefined) {
    throw new KilnError('scene.empty_file', `${JSON.stringify(emptyFile.path)} has no bytes: export it again`, {
      field: `/files/${empty}/sizeBytes`,
    });
  }
  const { entry } = manifest;
  const kind = assetKindOf(entry);
  if (kind !== null) checkAsset(manifest, kind);
  if (kind !== null || formatOf(entry) !== null) return;
  const name = JSON.stringify(entry);
  throw new KilnError(
    'scene.unsupported_format',
    OTHER_ARCHIVE.test(entry)
      ? `expected a scene as the entry, got the archive ${name}: unpack it and add its files, or make a ZIP of them`
      : `expected one of ${SCENE_ENDINGS.join(', ')} as the entry, got ${name}: export the scene as glTF 2.0`,
    { field: '/entry' },
  );
}

const MOST_BYTES: Readonly<Record<AssetKind, number>> = { environment: LIMITS.environmentBytes, lut: LIMITS.lutBytes };

function checkAsset({ files }: SceneManifest, kind: AssetKind): void {
  const { name } = ASSET_KINDS[kind];
  if (files.length > 1) {
    throw new KilnError('request.invalid', `${name} is one file, got ${files.length}`, { field: '/files' });
  }
  const bytes = files[0]?.sizeBytes ?? 0;
  const most = MOST_BYTES[kind];
  if (bytes <= most) return;
  throw new KilnError('scene.over_limit', `${name} has at most ${most} bytes, this one ${bytes}: make it smaller`, {
    field: '/files/0/sizeBytes',
  });
}

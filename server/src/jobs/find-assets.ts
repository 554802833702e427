/** Environments and look-up tables that the settings of a job name, found among those of its tenant. */
import { ASSET_KINDS, type AssetKind, type AssetReference, KilnError, type RenderSettings } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';

interface NamedAsset {
  readonly kind: AssetKind;
  readonly reference: AssetReference;
  readonly field: string;
}

/**
 * @returns ids of what the tenant has uploaded, to be held while the job is written.
 * @throws KilnError `resource.not_found` with the field, also for another tenant's file; `request.invalid` for a wrong
 *   size.
 */
export async function findAssets(
  db: Kysely<Database>,
  tenantId: string,
  layers: readonly { readonly settings: RenderSettings }[],
): Promise<string[]> {
  const named = layers.flatMap(({ settings }, index) => assetsOf(settings, `/layers/${index}`));
  if (named.length === 0) return [];
  const rows = await db
    .selectFrom('scenes as s')
    .innerJoin('scene_files as f', 'f.scene_id', 's.id')
    .select(['s.id', 's.kind', 'f.sha256', 'f.size_bytes'])
    .where(
      'f.sha256',
      'in',
      named.map(({ reference }) => reference.sha256),
    )
    .where('s.tenant_id', '=', tenantId)
    .where('s.kind', '!=', 'scene')
    .where('s.state', '=', 'ready')
    .where('s.deleted_at', 'is', null)
    .orderBy('s.id')
    .execute();
  const ids = named.map(({ kind, reference: { sha256, sizeBytes }, field }) => {
    const found = rows.find((row) => row.sha256 === sha256 && row.kind === kind);
    if (!found) {
      const what = `there is no ${kind === 'lut' ? 'look-up table' : 'environment'} ${sha256}`;
      const how = ASSET_KINDS[kind].endings.map((ending) => `.${ending}`).join(' or ');
      throw new KilnError('resource.not_found', `${what}: upload it as ${how}, and wait until it is ready`, {
        field: `${field}/sha256`,
      });
    }
    if (found.size_bytes === sizeBytes) return found.id;
    throw new KilnError('request.invalid', `expected its ${found.size_bytes} bytes, got ${sizeBytes}`, {
      field: `${field}/sizeBytes`,
    });
  });
  return [...new Set(ids)];
}

function assetsOf({ environment, lut }: RenderSettings, path: string): NamedAsset[] {
  return [
    ...(typeof environment === 'string'
      ? []
      : [{ kind: 'environment' as const, reference: environment, field: `${path}/environment` }]),
    ...(lut === null ? [] : [{ kind: 'lut' as const, reference: lut, field: `${path}/lut` }]),
  ];
}

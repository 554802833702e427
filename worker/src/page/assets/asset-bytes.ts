import { type AssetReference, KilnError } from '@kiln/shared';
import { ASSET_ROUTE } from '../contract.ts';

/** Bytes of an environment or a look-up table that Node has lent the page. */
export async function assetBytes({ sha256 }: AssetReference): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${ASSET_ROUTE}/${sha256}`);
  if (!response.ok)
    throw new KilnError('render.failed', `The file ${sha256} did not come (status ${response.status}).`);
  return new Uint8Array(await response.arrayBuffer());
}

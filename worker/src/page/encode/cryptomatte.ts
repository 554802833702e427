import type { Pass } from '@kiln/shared';
import type { MatteManifests } from '../engine/passes/mattes.ts';
import { murmurHash32 } from '../engine/passes/murmur-hash.ts';
import { asciiJson } from './origin-text.ts';

const LAYERS = [
  { pass: 'crypto-object', layer: 'CryptoObject', of: 'object' },
  { pass: 'crypto-material', layer: 'CryptoMaterial', of: 'material' },
] as const satisfies readonly { pass: Pass; layer: string; of: keyof MatteManifests }[];

/** What the Cryptomatte specification 1.2.0 wants in the header of a file with such passes. */
export function cryptomatteAttributes(passes: readonly Pass[], manifests: MatteManifests): Record<string, string> {
  const asked = LAYERS.filter(({ pass }) => passes.includes(pass));
  const attributes = asked.flatMap(({ layer, of }) => {
    const key = `cryptomatte/${murmurHash32(layer).toString(16).padStart(8, '0').slice(0, 7)}`;
    return [
      [`${key}/name`, layer],
      [`${key}/hash`, 'MurmurHash3_32'],
      [`${key}/conversion`, 'uint32_to_float32'],
      [`${key}/manifest`, asciiJson(manifests[of])],
    ];
  });
  return Object.fromEntries(attributes);
}

/** What work requires of its workers, in words. */
import { memoryText } from './memory-text.ts';
import type { Requires } from './schemas/requires.ts';

/** How its amounts are told. */
export const REQUIRED_AMOUNTS = [
  { key: 'gpuMemoryBytes', of: 'of GPU memory', text: memoryText },
  { key: 'memoryBytes', of: 'of memory', text: memoryText },
  { key: 'maxTexturePx', of: 'of texture edge', text: (px: number) => `${px} px` },
] as const;

/** ``the tag `fast`, a GPU named “NVIDIA”, 8 GiB of GPU memory`` */
export function requiresText({ tags = [], gpu, adapterClass, ...amounts }: Requires): string {
  return [
    ...tags.map((tag) => `the tag \`${tag}\``),
    ...(gpu === undefined ? [] : [`a GPU named “${gpu}”`]),
    ...(adapterClass === undefined ? [] : [`the adapter class ${adapterClass}`]),
    ...REQUIRED_AMOUNTS.flatMap(({ key, of, text }) => {
      const least = amounts[key];
      return least === undefined ? [] : [`${text(least)} ${of}`];
    }),
  ].join(', ');
}

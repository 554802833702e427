import type { Pass } from '@kiln/shared';

/** What people call passes. */
export const PASS_TEXT: Readonly<Record<Pass, string>> = {
  beauty: 'Beauty',
  noisy: 'Before denoising',
  depth: 'Depth',
  normal: 'Normal',
  position: 'Position',
  albedo: 'Albedo',
  emission: 'Emission',
  motion: 'Motion',
  samples: 'Samples',
  'crypto-object': 'Object mattes',
  'crypto-material': 'Material mattes',
};

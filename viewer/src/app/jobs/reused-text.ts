import type { Job } from '@kiln/shared';
import { formatCount } from '../design/quantities.ts';

/** What a job has of a live view; null of one that was drawn from its first sample on. */
export function reusedText({ reusedSamples, layers }: Pick<Job, 'reusedSamples' | 'layers'>): string | null {
  if (reusedSamples === 0) return null;
  const all = layers[0]?.settings.samples ?? reusedSamples;
  return `began with ${formatCount(reusedSamples)} of ${formatCount(all)} sample${all === 1 ? '' : 's'} from the live view`;
}

/** What a task is called in lists. */
import type { Task } from '@kiln/shared';

/**
 * `7`, `1 … 10`, `7: 640×360 at 0,360, samples 0 to 31`, `7: all parts` of the task that makes a frame of them, or
 * `film.mp4` of one that makes a film.
 */
export function taskName({ film, frames, kind, part }: Pick<Task, 'film' | 'frames' | 'kind' | 'part'>): string {
  if (film !== null) return film;
  const name = frames.length === 1 ? String(frames[0]) : `${frames[0]} … ${frames.at(-1)}`;
  if (kind === 'assemble') return `${name}: all parts`;
  if (!part) return name;
  const { region, samples } = part;
  const last = samples.first + samples.count - 1;
  return `${name}: ${region.widthPx}×${region.heightPx} at ${region.x},${region.y}, samples ${samples.first} to ${last}`;
}

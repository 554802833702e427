/** Plays a clip, or flies along the camera's path, in the live view, and shows any frame of it. */
import type { ClipSettings, SceneClip } from '@kiln/shared';
import { useEffect } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { isTyping } from './page-keys.ts';
import { allFrames, clipFrames, playedSec } from './render-form.ts';
import type { SceneModel } from './scene-model.ts';

/** All of a clip, as it repeats. */
const WHOLE: Omit<ClipSettings, 'moreClips'> = { clipStartSec: 0, clipEndSec: null, clipLoop: 'repeat' };

export function Timeline({ model, clips }: { readonly model: SceneModel; readonly clips: readonly SceneClip[] }) {
  const form = model.form.value;
  const last = Math.max(0, model.timelineFrames.value - 1);
  const frame = Math.min(model.frame.value, last);
  const playing = model.playing.value;
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.key !== ' ' || isTyping(event)) return;
      event.preventDefault();
      model.play(!model.playing.peek());
    };
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, [model]);

  function pickClip(name: string): void {
    const clip = clips.find((candidate) => candidate.name === name);
    if (!clip) return;
    // An expression that named all of the old clip follows to the new one; one that was typed stays.
    const followed = form.frames === allFrames(model.clipLength.value);
    // A part of the old clip means nothing of the new one.
    model.change({
      clip: name,
      ...WHOLE,
      moreClips: form.moreClips.filter((other) => other !== name),
      ...(followed ? { frames: allFrames(clipFrames(playedSec(WHOLE, clip), form.fps)) } : {}),
    });
    model.seek(0);
  }

  return (
    <div class="timeline" data-testid="timeline">
      <Button
        icon={playing ? 'pause' : 'play'}
        label={playing ? 'Pause' : 'Play'}
        testId="timeline-play"
        onClick={() => model.play(!playing)}
      />
      {clips.length > 0 && (
        <select
          class="input select timeline-clip"
          aria-label="Animation clip"
          value={form.clip ?? ''}
          data-testid="clip-select"
          onChange={({ currentTarget }) => pickClip(currentTarget.value)}
        >
          {clips.map(({ name }) => (
            <option key={name} value={name}>
              {name || 'Unnamed clip'}
            </option>
          ))}
        </select>
      )}
      <input
        class="slider timeline-slider"
        type="range"
        min={0}
        max={last}
        step={1}
        value={frame}
        aria-label="Frame"
        style={{ '--fill-to': `${last === 0 ? 0 : (frame / last) * 100}%` }}
        data-testid="timeline-slider"
        onInput={({ currentTarget }) => {
          model.play(false);
          model.seek(currentTarget.valueAsNumber);
        }}
      />
      <output class="timeline-frame mono" data-testid="timeline-frame">
        {frame}
        <span class="muted"> / {last}</span>
      </output>
    </div>
  );
}

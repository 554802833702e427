/** How far the picture at rest has come, and what the render will have that it does not show. */
import { useEffect, useState } from 'preact/hooks';
import type { PictureMeasure } from '../../live/measurements.ts';
import { Icon } from '../design/icon.tsx';
import { samplesOf } from './render-form.ts';
import type { SceneModel } from './scene-model.ts';

type Shown = Pick<PictureMeasure, 'samples' | 'final' | 'moving'>;

export function LiveNote({ model }: { readonly model: SceneModel }) {
  const viewport = model.viewport.value;
  const [shown, setShown] = useState<Shown | null>(null);
  useEffect(() => viewport?.on('measure', setShown), [viewport]);
  const form = model.form.value;
  const progress = shown && !shown.moving ? progressOf(shown, samplesOf(form)) : null;
  const missing = form.isTurning ? 'Preview without the turntable' : null;
  if (progress === null && missing === null) return null;
  return (
    <div class="stage-note" data-testid="live-note">
      {missing !== null && (
        <p class="stage-note-line" role="status">
          <Icon name="info" size={14} />
          <span>{missing}</span>
        </p>
      )}
      {progress !== null && (
        <p class="stage-note-line" data-testid="live-samples">
          <span>{progress.text}</span>
          {progress.share < 1 && (
            <progress class="stage-note-bar" value={progress.share} aria-label="Samples of the picture" />
          )}
        </p>
      )}
    </div>
  );
}

/** Null where one sample is all there is to it. */
function progressOf({ samples, final }: Shown, all: number): { readonly text: string; readonly share: number } | null {
  if (all <= 1) return null;
  if (final) return { text: `Final: ${samples} ${samples === 1 ? 'sample' : 'samples'}`, share: 1 };
  return { text: `${samples} of ${all} samples`, share: Math.min(1, samples / all) };
}

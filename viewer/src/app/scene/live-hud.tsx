/** Figures of the live view, over its last pictures. */
import { useEffect, useState } from 'preact/hooks';
import type { LiveFigures } from '../../live/measurements.ts';
import { formatMs } from '../design/quantities.ts';
import type { SceneModel } from './scene-model.ts';

const REFRESH_MS = 250;

export function LiveHud({ model }: { readonly model: SceneModel }) {
  const [figures, setFigures] = useState<LiveFigures | null>(null);
  useEffect(() => {
    const read = () => setFigures(model.viewport.peek()?.figures() ?? null);
    read();
    const timer = setInterval(read, REFRESH_MS);
    return () => clearInterval(timer);
  }, [model]);
  const rows: readonly (readonly [string, string])[] = figures
    ? [
        ['Pictures', `${figures.framesPerSec} / s`],
        ['Pose to picture', figures.inputToPaintedMs === null ? '–' : formatMs(figures.inputToPaintedMs)],
        ['A picture', `${figures.kilobytesPerPicture.toFixed(1)} kB`],
        ['Size', `${figures.widthPx} × ${figures.heightPx}`],
        ['Samples', String(figures.samples)],
      ]
    : [['Pictures', 'none yet']];
  return (
    <dl class="hud" data-testid="hud">
      {rows.map(([name, value]) => (
        <div key={name} class="hud-row">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

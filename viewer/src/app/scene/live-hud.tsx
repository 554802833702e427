/** Figures of the live view, over its last pictures. */
import { useEffect, useState } from 'preact/hooks';
import { HUD_REFRESH_MS, type HudRow, hudRows } from '../../live/hud-rows.ts';
import type { SceneModel } from './scene-model.ts';

export function LiveHud({ model }: { readonly model: SceneModel }) {
  const [rows, setRows] = useState<readonly HudRow[]>([]);
  useEffect(() => {
    const read = () => setRows(hudRows(model.viewport.peek()?.figures() ?? null));
    read();
    const timer = setInterval(read, HUD_REFRESH_MS);
    return () => clearInterval(timer);
  }, [model]);
  return (
    <dl class="hud" data-testid="hud">
      {rows.map(({ name, value, share }) => (
        <div
          key={name}
          class={share === undefined ? 'hud-row' : 'hud-row hud-stage'}
          style={share === undefined ? {} : { '--share': String(share) }}
        >
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Over the live view: what was clicked on, for everybody who looks. */
import { useEffect } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import type { SceneModel } from './scene-model.ts';

export function PickedNote({ model }: { readonly model: SceneModel }) {
  const { picked, clear } = model.picking;
  const surface = picked.value;
  const isPicked = surface !== null;
  useEffect(() => {
    if (!isPicked) return;
    const onKey = ({ key, target, defaultPrevented }: KeyboardEvent) => {
      const isElsewhere = target instanceof Element && target.closest('dialog, .people-place') !== null;
      if (key === 'Escape' && !defaultPrevented && !isElsewhere) clear();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [isPicked, clear]);
  return (
    <div role="status" aria-live="polite">
      {surface && (
        <div
          class="stage-picked"
          data-testid="picked"
          data-node={surface.node.name}
          data-material={surface.material?.name ?? ''}
        >
          <Icon name="box" size={14} />
          <span class="stage-picked-text">
            <span class="visually-hidden">Selected: </span>
            {surface.node.name}
            {surface.material && <span class="stage-picked-material"> · {surface.material.name}</span>}
          </span>
          {model.drives.value && (
            <Button small class="button-glass" testId="picked-change" onClick={model.picking.show}>
              Change
            </Button>
          )}
          <Button
            small
            class="button-glass"
            icon="x"
            label="Clear the selection (Escape)"
            testId="picked-clear"
            onClick={clear}
          />
        </div>
      )}
    </div>
  );
}

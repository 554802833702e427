/** What was clicked on in the live view, at the top of what can be changed of the scene. */
import type { ImportReport, PickedSurface, ScenePart } from '@kiln/shared';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { editableNames, hasRoom } from './edit-choice.ts';
import { MaterialCard } from './material-card.tsx';
import type { SceneModel } from './scene-model.ts';

interface PickedCardProps {
  readonly report: ImportReport;
  readonly model: SceneModel;
  readonly surface: PickedSurface;
}

export function PickedCard({ report, model, surface }: PickedCardProps) {
  const { hide, materials } = model.form.value;
  const names = editableNames(report);
  const node = nameOf(surface.node, names.nodes);
  const material = surface.material && nameOf(surface.material, names.materials);
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    // The part of the form that it is in opens first.
    const request = requestAnimationFrame(() => bringIntoSight(card.current, model.picking.takeFocus()));
    return () => cancelAnimationFrame(request);
  }, [surface, model]);
  return (
    <section
      ref={card}
      class="picked-card"
      aria-label={`Selected: ${surface.node.name}`}
      data-testid="picked-card"
      data-node={surface.node.name}
    >
      <div class="field-line">
        <Icon name="box" size={14} />
        <span class="edit-card-title" title={surface.node.name}>
          {surface.node.name}
        </span>
        <Button
          small
          testId="picked-hide"
          disabled={!hasRoom(hide) || hide.includes(node)}
          onClick={() => {
            model.change({ hide: [...hide, node] });
            model.picking.clear();
          }}
        >
          Hide
        </Button>
        <Button kind="quiet" small icon="x" label="Clear the selection (Escape)" onClick={model.picking.clear} />
      </div>
      {material === null ? (
        <p class="field-hint">It has no material of its own that could be changed.</p>
      ) : (
        <MaterialCard
          report={report}
          model={model}
          edit={materials.find((edit) => edit.material === material) ?? { material }}
        />
      )}
    </section>
  );
}

/** By its name where the report has it: it lists the first only. */
export const nameOf = ({ name, pointer }: ScenePart, known: readonly string[]): string =>
  known.includes(name) ? name : pointer;

/**
 * On a narrow screen the panel is below the picture, and what scrolls is the page: that takes the picture away, and happens
 * only where it was asked for.
 */
function bringIntoSight(card: HTMLElement | null, isAsked: boolean): void {
  const panel = card?.closest('.render-fields');
  const scrollsItself = panel && getComputedStyle(panel).overflowY !== 'visible';
  if (scrollsItself) card?.scrollIntoView({ block: 'nearest' });
  else if (isAsked) card?.scrollIntoView({ block: 'start' });
  if (isAsked) card?.querySelector('button')?.focus({ preventScroll: true });
}

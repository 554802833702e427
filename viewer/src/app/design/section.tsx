/** A part of a panel that opens and closes; closed, its title says what is chosen in it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const storageKey = (id: string) => `kiln.section.${id}`;

function readOpen(id: string, first: boolean): boolean {
  try {
    return JSON.parse(localStorage.getItem(storageKey(id)) ?? String(first)) === true;
  } catch {
    return first;
  }
}

function keepOpen(id: string, isOpen: boolean): void {
  try {
    localStorage.setItem(storageKey(id), String(isOpen));
  } catch {
    // It holds until the page is closed.
  }
}

export function Section({
  id,
  title,
  summary,
  isOpenAtFirst = false,
  hasFault = false,
  opensFor = null,
  children,
}: {
  readonly id: string;
  readonly title: string;
  /** What is chosen, in a few words. */
  readonly summary: string;
  /** Until the person opens or closes it: that is kept for all scenes. */
  readonly isOpenAtFirst?: boolean;
  readonly hasFault?: boolean;
  /** What is shown in it now: another one opens it. */
  readonly opensFor?: object | null;
  readonly children: ComponentChildren;
}) {
  const [isOpen, setOpen] = useState(() => readOpen(id, isOpenAtFirst));
  useEffect(() => {
    if (opensFor) setOpen(true);
  }, [opensFor]);
  return (
    <details
      class="section"
      open={isOpen}
      data-testid={`section-${id}`}
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
        keepOpen(id, currentTarget.open);
      }}
    >
      <summary class="section-head" data-testid={`section-${id}-head`}>
        <h2 class="panel-title">{title}</h2>
        {hasFault && <span class="finding-dot finding-error" role="img" aria-label="Something is wrong here" />}
        <span class="section-summary" title={summary}>
          {summary}
        </span>
      </summary>
      <div class="section-body">{children}</div>
    </details>
  );
}

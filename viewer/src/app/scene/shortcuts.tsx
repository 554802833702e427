/** What the keys and the fingers do. */
import { useRef } from 'preact/hooks';
import { Button } from '../design/button.tsx';

const GROUPS: readonly { readonly title: string; readonly rows: readonly (readonly [string, string])[] }[] = [
  {
    title: 'Mouse and touch',
    rows: [
      ['Drag, one finger', 'Turn'],
      ['Right drag, two or three fingers', 'Move'],
      ['Wheel, pinch', 'Zoom'],
      ['Click, tap', 'Select what is there'],
    ],
  },
  {
    title: 'Keys, when the view has the focus',
    rows: [
      ['← → ↑ ↓', 'Turn'],
      ['Shift + arrows', 'Move'],
      ['+  −', 'Zoom'],
      ['F', 'Fit the scene'],
      ['Enter', 'Select what is in the middle'],
    ],
  },
  {
    title: 'Keys, anywhere on this page',
    rows: [
      ['R', 'Render'],
      ['Space', 'Play or pause the clip'],
      ['Escape', 'Clear the selection'],
    ],
  },
];

export function ShortcutsButton() {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <Button
        class="button-glass"
        icon="keyboard"
        label="Keys and gestures"
        onClick={() => dialog.current?.showModal()}
      />
      <dialog ref={dialog} class="dialog" aria-label="Keys and gestures">
        <div class="dialog-head">
          <h2>Keys and gestures</h2>
          <Button kind="quiet" icon="x" label="Close" onClick={() => dialog.current?.close()} />
        </div>
        {GROUPS.map(({ title, rows }) => (
          <section key={title} class="shortcuts">
            <h3>{title}</h3>
            <dl>
              {rows.map(([keys, action]) => (
                <div key={keys} class="shortcut">
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{action}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </dialog>
    </>
  );
}

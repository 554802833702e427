/** Short messages about what was just done or did not work. */
import { signal } from '@preact/signals';
import { VIEWER_LIMITS } from '../../limits.ts';
import { Button } from './button.tsx';
import { type Toast, withToast } from './toast-list.ts';

const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

const dismiss = (id: number) => {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
};

export function toast(text: string): void {
  lastId += 1;
  const id = lastId;
  toasts.value = withToast(toasts.value, { id, text });
  setTimeout(() => dismiss(id), VIEWER_LIMITS.toastMs);
}

/** Says what went wrong with something that the person just asked for. */
export const toastError = (error: unknown) => toast(error instanceof Error ? error.message : String(error));

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite" data-testid="toasts">
      {toasts.value.map(({ id, text }) => (
        <div key={id} class="toast">
          <span>{text}</span>
          <Button kind="quiet" small icon="x" label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}

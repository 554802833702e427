import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

/** Something that went wrong, or that must be known. Errors are read out at once. */
export function Notice({
  kind,
  title,
  testId,
  code,
  children,
}: {
  readonly kind: 'error' | 'warning' | 'info';
  readonly title: string;
  readonly testId?: string;
  readonly code?: string;
  readonly children?: ComponentChildren;
}) {
  const icon: IconName = kind === 'info' ? 'info' : 'warning';
  return (
    <div
      class={`notice notice-${kind}`}
      role={kind === 'error' ? 'alert' : 'status'}
      data-testid={testId}
      data-code={code}
    >
      <Icon name={icon} size={18} />
      <div class="notice-body">
        <p class="notice-title">{title}</p>
        {children}
        {code && <p class="notice-code">{code}</p>}
      </div>
    </div>
  );
}

/** A page or list with nothing in it. */
export function Empty({
  icon,
  title,
  children,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={28} />
      </span>
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Spinner({ label }: { readonly label: string }) {
  return (
    <span class="spinner-line" role="status">
      <span class="spinner" aria-hidden="true" />
      {label}
    </span>
  );
}

import type { ComponentChildren, TargetedMouseEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps {
  readonly icon?: IconName;
  readonly kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  readonly small?: boolean;
  readonly disabled?: boolean;
  /** For assistive technology, where there is no text or it does not say enough. */
  readonly label?: string;
  readonly pressed?: boolean;
  readonly testId?: string;
  readonly class?: string;
  readonly type?: 'button' | 'submit';
  readonly children?: ComponentChildren;
  readonly onClick?: (event: TargetedMouseEvent<HTMLButtonElement>) => void;
}

export function Button({ icon, kind = 'plain', small, label, pressed, testId, children, ...rest }: ButtonProps) {
  const classes = ['button', `button-${kind}`, small && 'button-small', !children && 'button-icon', rest.class];
  return (
    <button
      type={rest.type ?? 'button'}
      class={classes.filter(Boolean).join(' ')}
      disabled={rest.disabled ?? false}
      aria-label={label}
      title={children ? undefined : label}
      aria-pressed={pressed}
      data-testid={testId}
      onClick={rest.onClick}
    >
      {icon && <Icon name={icon} size={small ? 14 : 16} />}
      {children}
    </button>
  );
}

const CONFIRM_MS = 4_000;

/** Asks once more in its own place, for as long as a person needs to read it. */
export function ConfirmButton({
  ask,
  onConfirm,
  ...props
}: Omit<ButtonProps, 'onClick'> & { readonly ask: string; readonly onConfirm: () => void }) {
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    if (!asking) return;
    const timer = setTimeout(() => setAsking(false), CONFIRM_MS);
    return () => clearTimeout(timer);
  }, [asking]);
  if (!asking) {
    return (
      <Button
        {...props}
        onClick={(event) => {
          event.stopPropagation();
          setAsking(true);
        }}
      />
    );
  }
  return (
    <Button
      {...props}
      kind="danger"
      label={ask}
      onClick={(event) => {
        event.stopPropagation();
        setAsking(false);
        onConfirm();
      }}
    >
      {ask}
    </Button>
  );
}

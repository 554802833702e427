/** A frame expression, checked as it is typed: how many frames it names, or where it goes wrong. */
import { useId } from 'preact/hooks';
import { plural } from '../design/quantities.ts';
import { checkFrames } from './form-faults.ts';

/** Characters shown on each side of a fault. */
const CONTEXT_CHARS = 16;

export function FramesField({
  value,
  onChange,
  all,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** The expression for all that moves; absent when nothing does. */
  readonly all: { readonly name: string; readonly frames: string } | undefined;
}) {
  const id = useId();
  const check = checkFrames(value);
  return (
    <div class="field">
      <div class="field-line">
        <label class="field-label" for={id}>
          Frames
        </label>
        {check.ok && (
          <span class="field-value" data-testid="render-frames-count">
            {plural(check.count, 'frame')}
          </span>
        )}
        {all && all.frames !== value && (
          <button type="button" class="link-button" onClick={() => onChange(all.frames)}>
            {all.name}
          </button>
        )}
      </div>
      <input
        id={id}
        class="input mono"
        type="text"
        inputMode="text"
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        value={value}
        aria-invalid={!check.ok}
        aria-describedby={check.ok ? `${id}-hint` : `${id}-fault`}
        data-testid="render-frames"
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      {check.ok ? (
        <p class="field-hint" id={`${id}-hint`}>
          As in <code>1-10</code> <code>1-100x3</code> <code>5,7,20-30</code> <code>10-1</code> <code>1-100:8</code>{' '}
          <code>1-100:flm</code>
        </p>
      ) : (
        <div
          class="field-fault"
          id={`${id}-fault`}
          role="alert"
          data-testid="render-frames-fault"
          data-position={check.position}
        >
          <FaultPlace text={value} position={check.position} />
          <p>{check.message}</p>
        </div>
      )}
    </div>
  );
}

/** The part of the expression around the fault, with the character at fault marked. */
function FaultPlace({ text, position }: { readonly text: string; readonly position: number }) {
  const before = text.slice(Math.max(0, position - CONTEXT_CHARS), position);
  const at = text.slice(position, position + 1);
  const after = text.slice(position + 1, position + 1 + CONTEXT_CHARS);
  return (
    <p class="fault-place mono" aria-hidden="true">
      {position > CONTEXT_CHARS && '…'}
      {before}
      <mark>{at === '' || at === ' ' ? '\u00a0' : at}</mark>
      {after}
      {text.length > position + 1 + CONTEXT_CHARS && '…'}
    </p>
  );
}

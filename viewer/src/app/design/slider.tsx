import { useId } from 'preact/hooks';
import { Button } from './button.tsx';

/** A value between two ends. The bar is filled from `rest`, and a button goes back to it. */
export function Slider({
  label,
  value,
  text,
  min,
  max,
  step,
  rest,
  onChange,
  testId,
}: {
  readonly label: string;
  readonly value: number;
  /** The value in words, with its unit. */
  readonly text: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly rest: number;
  readonly onChange: (value: number) => void;
  readonly testId: string;
}) {
  const id = useId();
  const percent = (at: number) => `${((Math.min(max, Math.max(min, at)) - min) / (max - min)) * 100}%`;
  return (
    <div class="field">
      <div class="field-line">
        <label class="field-label" for={id}>
          {label}
        </label>
        <span class="field-value mono">{text}</span>
        {value !== rest && (
          <Button kind="quiet" small icon="retry" label={`${label} back to ${rest}`} onClick={() => onChange(rest)} />
        )}
      </div>
      <input
        id={id}
        class="slider"
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={text}
        style={{ '--fill-from': percent(Math.min(rest, value)), '--fill-to': percent(Math.max(rest, value)) }}
        data-testid={testId}
        onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
      />
    </div>
  );
}

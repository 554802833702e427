import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

/** A label, what it labels, and what is wrong with it. `children` gets the ids to wire up. */
export function Field({
  label,
  hint,
  fault,
  testId,
  children,
}: {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly fault?: string | undefined;
  readonly testId?: string;
  readonly children: (ids: { readonly id: string; readonly describedBy: string | undefined }) => ComponentChildren;
}) {
  const id = useId();
  const describedBy = fault ? `${id}-fault` : hint ? `${id}-hint` : undefined;
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {children({ id, describedBy })}
      {fault ? (
        <p class="field-fault" id={`${id}-fault`} role="alert" data-testid={testId && `${testId}-fault`}>
          {fault}
        </p>
      ) : (
        hint && (
          <p class="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )
      )}
    </div>
  );
}

/** A line of text that may be nonsense while it is typed; the form says what is wrong with it. */
export function TextField({
  label,
  value,
  onChange,
  fault,
  hint,
  placeholder,
  testId,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly fault?: string | undefined;
  readonly hint?: string;
  /** An example. */
  readonly placeholder?: string;
  readonly testId: string;
}) {
  return (
    <Field label={label} hint={hint} fault={fault} testId={testId}>
      {({ id, describedBy }) => (
        <input
          id={id}
          class="input"
          type="text"
          value={value}
          placeholder={placeholder}
          spellcheck={false}
          aria-invalid={fault !== undefined}
          aria-describedby={describedBy}
          data-testid={testId}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** A number that may be nonsense while it is typed; the form says what is wrong with it. */
export function NumberField({
  label,
  value,
  onChange,
  fault,
  hint,
  min,
  max,
  step = 1,
  unit,
  testId,
}: {
  readonly label: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly fault?: string | undefined;
  readonly hint?: string;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number | 'any';
  readonly unit?: string;
  readonly testId: string;
}) {
  const input = useRef<HTMLInputElement>(null);
  // Text that means the value already stays as it is: `3.` on the way to `3.5` would lose its point.
  useLayoutEffect(() => {
    const { current } = input;
    if (current && !Object.is(current.valueAsNumber, value)) current.value = Number.isNaN(value) ? '' : String(value);
  }, [value]);
  return (
    <Field label={label} hint={hint} fault={fault} testId={testId}>
      {({ id, describedBy }) => (
        <span class="input-unit">
          <input
            ref={input}
            id={id}
            class="input"
            type="number"
            inputMode="decimal"
            min={min}
            max={max}
            step={step}
            aria-invalid={fault !== undefined}
            aria-describedby={describedBy}
            data-testid={testId}
            onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
          />
          {unit && <span class="input-unit-text">{unit}</span>}
        </span>
      )}
    </Field>
  );
}

/** A colour, as `#rrggbb`. */
export function ColorField({
  label,
  value,
  onChange,
  testId,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly testId: string;
}) {
  return (
    <Field label={label}>
      {({ id }) => (
        <input
          id={id}
          class="input input-color"
          type="color"
          value={value}
          data-testid={testId}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )}
    </Field>
  );
}

export interface Option<V extends string> {
  readonly value: V;
  readonly label: string;
  /** Why it cannot be chosen now. */
  readonly bar?: string | null;
}

/** Why some choices cannot be made. */
function Bars({ options }: { readonly options: readonly Option<string>[] }) {
  const bars = new Set(options.flatMap(({ bar }) => (bar ? [bar] : [])));
  return [...bars].map((bar) => (
    <p key={bar} class="field-hint">
      {bar}
    </p>
  ));
}

/** One of several. `groups` with a name become groups of the list. */
export function SelectField<V extends string>({
  label,
  value,
  groups,
  onChange,
  fault,
  testId,
}: {
  readonly label: string;
  readonly value: V;
  readonly groups: readonly { readonly name?: string; readonly options: readonly Option<V>[] }[];
  readonly onChange: (value: V) => void;
  readonly fault?: string | undefined;
  readonly testId: string;
}) {
  const options = groups.flatMap((group) => group.options);
  const renderOptions = (list: readonly Option<V>[]) =>
    list.map((option) => (
      <option key={option.value} value={option.value}>
        {option.label}
      </option>
    ));
  return (
    <Field label={label} fault={fault} testId={testId}>
      {({ id, describedBy }) => (
        <select
          id={id}
          class="input select"
          value={value}
          aria-invalid={fault !== undefined}
          aria-describedby={describedBy}
          data-testid={testId}
          onChange={({ currentTarget }) => {
            const chosen = options.find((option) => option.value === currentTarget.value);
            if (chosen) onChange(chosen.value);
          }}
        >
          {groups.map(({ name, options: list }) =>
            name ? (
              <optgroup key={name} label={name}>
                {renderOptions(list)}
              </optgroup>
            ) : (
              renderOptions(list)
            ),
          )}
        </select>
      )}
    </Field>
  );
}

/** Some choices side by side; more than four in rows. */
export function Segments<V extends string>({
  label,
  value,
  options,
  onChange,
  testId,
  hideLabel,
}: {
  readonly label: string;
  readonly value: V;
  readonly options: readonly Option<V>[];
  readonly onChange: (value: V) => void;
  readonly testId: string;
  readonly hideLabel?: boolean;
}) {
  const name = useId();
  return (
    <fieldset class="field segments-field" data-testid={testId} data-value={value}>
      <legend class={hideLabel ? 'visually-hidden' : 'field-label'}>{label}</legend>
      <div class={options.length > 4 ? 'segments segments-rows' : 'segments'}>
        {options.map((option) => (
          <label key={option.value} class="segment">
            <input
              class="visually-hidden"
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              disabled={Boolean(option.bar)}
              data-testid={`${testId}-${option.value}`}
              onChange={() => onChange(option.value)}
            />
            <span class="segment-text">{option.label}</span>
          </label>
        ))}
      </div>
      <Bars options={options} />
    </fieldset>
  );
}

/** Any of some choices, in rows. */
export function Choices<V extends string>({
  label,
  values,
  options,
  onChange,
  testId,
  mayBeNone,
}: {
  readonly label: string;
  readonly values: readonly V[];
  readonly options: readonly Option<V>[];
  /** @param values in the order of the options. */
  readonly onChange: (values: V[]) => void;
  readonly testId: string;
  /** Otherwise one at least stays. */
  readonly mayBeNone?: boolean;
}) {
  const isChosen = (value: V) => values.includes(value);
  const toggle = (value: V) =>
    onChange(options.map((option) => option.value).filter((other) => isChosen(other) !== (other === value)));
  return (
    <fieldset class="field segments-field" data-testid={testId} data-value={values.join(',')}>
      <legend class="field-label">{label}</legend>
      <div class={mayBeNone ? 'toggles' : 'segments segments-rows'}>
        {options.map(({ value, label: text }) => (
          <label key={value} class="segment">
            <input
              class="visually-hidden"
              type="checkbox"
              checked={isChosen(value)}
              disabled={!mayBeNone && isChosen(value) && values.length === 1}
              data-testid={`${testId}-${value}`}
              onChange={() => toggle(value)}
            />
            <span class="segment-text">{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

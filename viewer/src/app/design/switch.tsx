import { Segments } from './field.tsx';

/** Something that is on or off. */
export function Switch({
  label,
  isOn,
  onChange,
  testId,
}: {
  readonly label: string;
  readonly isOn: boolean;
  readonly onChange: (on: boolean) => void;
  readonly testId: string;
}) {
  return (
    <Segments
      label={label}
      value={isOn ? 'on' : 'off'}
      options={[
        { value: 'off', label: 'Off' },
        { value: 'on', label: 'On' },
      ]}
      onChange={(choice) => onChange(choice === 'on')}
      testId={testId}
    />
  );
}

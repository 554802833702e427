/** What of the built-in, or of the uploaded, a scene is rendered with; more can be uploaded here, or dropped anywhere. */
import { ASSET_KINDS, type AssetKind, type AssetReference } from '@kiln/shared';
import { useEffect, useRef } from 'preact/hooks';
import { gatherFromInput } from '../../upload/gathered-file.ts';
import { Button } from '../design/button.tsx';
import { type Option, SelectField } from '../design/field.tsx';
import { useServices } from '../farm/farm-context.ts';

interface AssetFieldProps<V extends string> {
  readonly kind: AssetKind;
  readonly label: string;
  readonly value: V | AssetReference;
  readonly groups: readonly { readonly name?: string; readonly options: readonly Option<V>[] }[];
  readonly onChange: (value: V | AssetReference) => void;
  readonly testId: string;
}

export function AssetField<V extends string>({ kind, label, value, groups, onChange, testId }: AssetFieldProps<V>) {
  const { farm, uploads } = useServices();
  const input = useRef<HTMLInputElement>(null);
  const chosen = useRef(onChange);
  chosen.current = onChange;
  const { items } = farm.assets[kind].list.value;
  const uploaded = items.flatMap(({ id, name, state, files: [file] }) =>
    file && state === 'ready' ? [{ id, name, reference: { sha256: file.sha256, sizeBytes: file.sizeBytes } }] : [],
  );
  useEffect(
    () =>
      // What was uploaded while the scene is looked at is meant for it.
      uploads.onReady((id) => {
        const [file] = farm.assets[kind].list.peek().items.find((item) => item.id === id)?.files ?? [];
        if (file) chosen.current({ sha256: file.sha256, sizeBytes: file.sizeBytes });
      }),
    [farm, uploads, kind],
  );
  const own = uploaded.map(({ name, reference }) => ({ value: reference.sha256, label: name }));
  const shown = typeof value === 'string' ? value : value.sha256;
  const isGone = typeof value !== 'string' && !own.some((option) => option.value === shown);
  const options = isGone ? [...own, { value: shown, label: 'Uploaded earlier' }] : own;
  const endings = ASSET_KINDS[kind].endings.map((ending) => `.${ending}`);
  return (
    <>
      <SelectField<string>
        label={label}
        value={shown}
        groups={[...groups, ...(options.length > 0 ? [{ name: 'Uploaded', options }] : [])]}
        onChange={(text) => {
          const reference = uploaded.find((asset) => asset.reference.sha256 === text)?.reference;
          const builtIn = groups.flatMap((group) => group.options).find((option) => option.value === text);
          if (reference) onChange(reference);
          else if (builtIn) onChange(builtIn.value);
        }}
        testId={testId}
      />
      <Button small icon="upload" testId={`${testId}-upload`} onClick={() => input.current?.click()}>
        Upload {endings.join(' or ')}
      </Button>
      <input
        ref={input}
        class="visually-hidden"
        type="file"
        accept={endings.join(',')}
        tabIndex={-1}
        aria-label={`File: ${label}`}
        data-testid={`${testId}-input`}
        onChange={({ currentTarget }) => {
          const gathered = gatherFromInput(currentTarget.files ?? []);
          // The same file can be chosen again.
          currentTarget.value = '';
          if (gathered.length > 0) void uploads.begin(() => gathered);
        }}
      />
    </>
  );
}

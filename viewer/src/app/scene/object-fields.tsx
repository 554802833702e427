/** What is changed of the scene: its variant, what is seen, materials. The live view shows all of it. */
import type { ImportReport, MaterialEdit } from '@kiln/shared';
import { useId } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { ColorField, NumberField, SelectField } from '../design/field.tsx';
import { Icon } from '../design/icon.tsx';
import { Slider } from '../design/slider.tsx';
import {
  editableNames,
  freeProperties,
  hasRoom,
  MATERIAL_PROPERTIES,
  type MaterialProperty,
  PROPERTY_NAMES,
  withProperty,
} from './edit-choice.ts';
import type { SceneModel } from './scene-model.ts';

interface ObjectFieldsProps {
  readonly report: ImportReport;
  readonly model: SceneModel;
}

export function ObjectFields({ report, model }: ObjectFieldsProps) {
  const { hide, show, materials } = model.form.value;
  const names = editableNames(report);
  // Only a file that hides something has something to show.
  const mayShow = show.length > 0 || report.extensionsUsed.includes('KHR_node_visibility');
  return (
    <>
      {report.variants.length > 0 && <Variants model={model} names={report.variants} />}
      {names.nodes.length > 0 && (
        <NameList
          label="Hidden"
          placeholder="Hide an object …"
          known={names.nodes}
          chosen={hide}
          onChange={(chosen) => model.change({ hide: chosen })}
          testId="hide"
        />
      )}
      {names.nodes.length > 0 && mayShow && (
        <NameList
          label="Shown, though the file hides them"
          placeholder="Show an object …"
          known={names.nodes}
          chosen={show}
          onChange={(chosen) => model.change({ show: chosen })}
          testId="show"
        />
      )}
      {materials.map((edit) => (
        <MaterialCard key={edit.material} report={report} model={model} edit={edit} />
      ))}
      {names.materials.length > 0 && hasRoom(materials) && (
        <SelectField
          label="Materials"
          value=""
          groups={[
            { options: [{ value: '', label: 'Change a material …' }] },
            {
              options: names.materials
                .filter((name) => !materials.some(({ material }) => material === name))
                .map((name) => ({ value: name, label: name })),
            },
          ]}
          onChange={(name) => {
            if (name === '') return;
            const { first } = MATERIAL_PROPERTIES.baseColor;
            model.change({ materials: withProperty(materials, name, 'baseColor', first) });
          }}
          testId="material-add"
        />
      )}
    </>
  );
}

/** A variant may be called anything: with a prefix the file's own look is apart. */
const VARIANT = 'variant:';

function Variants({ model, names }: { readonly model: SceneModel; readonly names: readonly string[] }) {
  const { variant } = model.form.value;
  return (
    <SelectField
      label="Variant"
      value={variant === null ? '' : VARIANT + variant}
      groups={[
        { options: [{ value: '', label: 'As in the file' }] },
        { name: 'In the scene', options: names.map((name) => ({ value: VARIANT + name, label: name })) },
      ]}
      onChange={(text) => model.change({ variant: text === '' ? null : text.slice(VARIANT.length) })}
      testId="variant-select"
    />
  );
}

interface NameListProps {
  readonly label: string;
  readonly placeholder: string;
  readonly known: readonly string[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: string[]) => void;
  readonly testId: string;
}

/** Names, of which a scene may have thousands: typed and completed, each as a chip that can be taken back. */
function NameList({ label, placeholder, known, chosen, onChange, testId }: NameListProps) {
  const id = useId();
  const free = known.filter((name) => !chosen.includes(name));

  function take(input: HTMLInputElement): void {
    if (!free.includes(input.value)) return;
    onChange([...chosen, input.value]);
    input.value = '';
  }

  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {chosen.length > 0 && (
        <ul class="name-chips" data-testid={`${testId}-list`}>
          {chosen.map((name) => (
            <li key={name}>
              <button
                type="button"
                class="name-chip"
                aria-label={`${name}: take it back`}
                data-testid={`${testId}-chip`}
                onClick={() => onChange(chosen.filter((other) => other !== name))}
              >
                <span class="name-chip-text">{name}</span>
                <Icon name="x" size={12} />
              </button>
            </li>
          ))}
        </ul>
      )}
      {hasRoom(chosen) && (
        <input
          id={id}
          class="input"
          type="text"
          list={`${id}-names`}
          placeholder={placeholder}
          autoComplete="off"
          spellcheck={false}
          data-testid={`${testId}-input`}
          onInput={({ currentTarget, inputType }) => {
            // Chosen from the list; what is typed may be the beginning of a longer name.
            if (inputType === 'insertReplacementText') take(currentTarget);
          }}
          onChange={({ currentTarget }) => take(currentTarget)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            take(event.currentTarget);
          }}
        />
      )}
      <datalist id={`${id}-names`}>
        {free.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}

interface MaterialCardProps {
  readonly report: ImportReport;
  readonly model: SceneModel;
  readonly edit: MaterialEdit;
}

function MaterialCard({ report, model, edit }: MaterialCardProps) {
  const { materials } = model.form.value;
  const free = freeProperties(edit, report);
  const change = (property: MaterialProperty, value: MaterialEdit[MaterialProperty]) =>
    model.change({ materials: withProperty(materials, edit.material, property, value) });
  return (
    <fieldset class="edit-card" data-testid="material-card" data-material={edit.material}>
      <legend class="visually-hidden">Material {edit.material}</legend>
      <div class="field-line">
        <span class="edit-card-title" title={edit.material}>
          {edit.material}
        </span>
        <Button
          kind="quiet"
          small
          icon="trash"
          label={`${edit.material} as in the file`}
          testId="material-remove"
          onClick={() => model.change({ materials: materials.filter((other) => other !== edit) })}
        />
      </div>
      {PROPERTY_NAMES.filter((property) => edit[property] !== undefined).map((property) => (
        <PropertyField key={property} edit={edit} property={property} onChange={change} />
      ))}
      {free.length > 0 && (
        <div class="chip-buttons">
          {free.map((property) => (
            <button
              key={property}
              type="button"
              class="chip-button"
              data-testid={`material-add-${property}`}
              onClick={() => change(property, MATERIAL_PROPERTIES[property].first)}
            >
              + {MATERIAL_PROPERTIES[property].label}
            </button>
          ))}
        </div>
      )}
    </fieldset>
  );
}

interface PropertyFieldProps {
  readonly edit: MaterialEdit;
  readonly property: MaterialProperty;
  readonly onChange: (property: MaterialProperty, value: MaterialEdit[MaterialProperty]) => void;
}

function PropertyField({ edit, property, onChange }: PropertyFieldProps) {
  const { label, kind, first } = MATERIAL_PROPERTIES[property];
  const value = edit[property];
  const testId = `material-${property}`;
  if (kind === 'color') {
    return (
      <ColorField
        label={label}
        value={typeof value === 'string' ? value : String(first)}
        onChange={(color) => onChange(property, color)}
        testId={testId}
      />
    );
  }
  const number = typeof value === 'number' ? value : 0;
  if (kind === 'factor') {
    return (
      <NumberField
        label={label}
        value={number}
        min={0}
        step="any"
        onChange={(factor) => onChange(property, Math.min(Math.max(0, factor || 0), 1_000_000))}
        testId={testId}
      />
    );
  }
  return (
    <Slider
      label={label}
      value={number}
      text={number.toFixed(2)}
      min={0}
      max={1}
      step={0.01}
      rest={Number(first)}
      onChange={(share) => onChange(property, share)}
      testId={testId}
    />
  );
}

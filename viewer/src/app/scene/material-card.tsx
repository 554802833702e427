/** What one material of the scene has instead. */
import type { ImportReport, MaterialEdit } from '@kiln/shared';
import { Button } from '../design/button.tsx';
import { ColorField, NumberField } from '../design/field.tsx';
import { Slider } from '../design/slider.tsx';
import {
  freeProperties,
  hasRoom,
  MATERIAL_PROPERTIES,
  type MaterialProperty,
  PROPERTY_NAMES,
  withProperty,
} from './edit-choice.ts';
import type { SceneModel } from './scene-model.ts';

interface MaterialCardProps {
  readonly report: ImportReport;
  readonly model: SceneModel;
  /** One of those of the form, or none yet: then it has a name only. */
  readonly edit: MaterialEdit;
}

export function MaterialCard({ report, model, edit }: MaterialCardProps) {
  const { materials } = model.form.value;
  const free = materials.includes(edit) || hasRoom(materials) ? freeProperties(edit, report) : [];
  const change = (property: MaterialProperty, value: MaterialEdit[MaterialProperty]) =>
    model.change({ materials: withProperty(materials, edit.material, property, value) });
  return (
    <fieldset class="edit-card" data-testid="material-card" data-material={edit.material}>
      <legend class="visually-hidden">Material {edit.material}</legend>
      <div class="field-line">
        <span class="edit-card-title" title={edit.material}>
          {edit.material}
        </span>
        {materials.includes(edit) && (
          <Button
            kind="quiet"
            small
            icon="trash"
            label={`${edit.material} as in the file`}
            testId="material-remove"
            onClick={() => model.change({ materials: materials.filter((other) => other !== edit) })}
          />
        )}
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

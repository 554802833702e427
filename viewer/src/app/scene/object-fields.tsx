/** What is changed of the scene: its variant, what is seen, materials. The live view shows all of it. */
import type { ImportReport } from '@kiln/shared';
import { useId } from 'preact/hooks';
import { SelectField } from '../design/field.tsx';
import { Icon } from '../design/icon.tsx';
import { editableNames, hasRoom, MATERIAL_PROPERTIES, withProperty } from './edit-choice.ts';
import { MaterialCard } from './material-card.tsx';
import { nameOf, PickedCard } from './picked-card.tsx';
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
  const picked = model.drives.value ? model.picking.picked.value : null;
  // Its card is at the top meanwhile.
  const pickedMaterial = picked?.material ? nameOf(picked.material, names.materials) : null;
  return (
    <>
      {picked && <PickedCard report={report} model={model} surface={picked} />}
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
      {materials
        .filter(({ material }) => material !== pickedMaterial)
        .map((edit) => (
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

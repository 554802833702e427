import { NumberField, TextField } from '../design/field.tsx';
import type { FormField } from './form-faults.ts';
import type { SceneModel } from './scene-model.ts';

export function JobFields({
  model,
  faults,
}: {
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}) {
  const form = model.form.value;
  return (
    <>
      <div class="field-pair">
        <NumberField
          label="Priority"
          value={form.priority}
          min={0}
          max={100}
          onChange={(priority) => model.change({ priority })}
          hint="0 to 100, over other jobs of yours."
          fault={faults.priority}
          testId="render-priority"
        />
        <NumberField
          label="Most tasks at once"
          value={form.maxSlots}
          min={0}
          onChange={(maxSlots) => model.change({ maxSlots })}
          hint="0: as it comes."
          fault={faults.maxSlots}
          testId="render-max-slots"
        />
      </div>
      <TextField
        label="Labels"
        value={form.tags}
        onChange={(tags) => model.change({ tags })}
        hint="With commas between."
        fault={faults.tags}
        testId="render-tags"
      />
    </>
  );
}

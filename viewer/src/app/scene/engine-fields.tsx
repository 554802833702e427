/** How light is computed, with how much work, and by how many. */
import { type ImportReport, leftOutText, type RenderSettings } from '@kiln/shared';
import { NumberField, Segments } from '../design/field.tsx';
import { plural } from '../design/quantities.ts';
import { useServices } from '../farm/farm-context.ts';
import type { FormField } from './form-faults.ts';
import { workSettings } from './render-form.ts';
import { SampleFields } from './sample-fields.tsx';
import type { SceneModel } from './scene-model.ts';
import { backendBar, divisionBar, engineGaps } from './work-choice.ts';

interface EngineFieldsProps {
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}

export function EngineFields({ report, model, faults }: EngineFieldsProps & { readonly report: ImportReport }) {
  const form = model.form.value;
  const { engine } = form;
  const leftOut = leftOutText(report, form);
  return (
    <>
      <Segments
        label="Engine"
        value={engine}
        options={[
          { value: 'raster', label: 'Raster' },
          { value: 'pathtrace', label: 'Path tracing' },
        ]}
        onChange={(chosen) => model.change({ engine: chosen })}
        testId="render-engine"
      />
      {faults.engine && (
        <p class="field-fault" role="alert" data-testid="render-engine-fault">
          {faults.engine}
        </p>
      )}
      {leftOut && (
        <p class="field-hint" data-testid="render-engine-left-out">
          {leftOut}
        </p>
      )}
      <SampleFields model={model} faults={faults} />
      <Gaps engine={engine} backend={form.backend} />
    </>
  );
}

/** What the engine cannot draw, or draws scenes without, of the table of features. */
function Gaps({ engine, backend }: Pick<RenderSettings, 'engine' | 'backend'>) {
  return (
    <details class="group group-inner" data-testid="engine-gaps">
      <summary>{engine === 'raster' ? 'What only path tracing has' : 'What path tracing has not'}</summary>
      <ul class="gaps">
        {engineGaps(engine, backend).map(({ feature, note }) => (
          <li key={feature}>
            {feature}
            {note && <span class="muted"> {note}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Who draws it: the interface, and the tasks that a frame is divided among. Neither changes what the picture is of. */
export function WorkFields({ model, faults }: EngineFieldsProps) {
  const { items: workers } = useServices().farm.workers.list.value;
  const form = model.form.value;
  const bar = divisionBar(workSettings(form));
  const isDivided = form.isDivided && bar === null;
  return (
    <>
      <Segments
        label="Back end"
        value={backendBar(form.engine, form.backend) === null ? form.backend : 'auto'}
        options={[
          { value: 'auto', label: 'Automatic' },
          { value: 'webgl', label: 'WebGL', bar: backendBar(form.engine, 'webgl', workers) },
          { value: 'webgpu', label: 'WebGPU', bar: backendBar(form.engine, 'webgpu', workers) },
        ]}
        onChange={(backend) => model.change({ backend })}
        testId="render-backend"
      />
      <Segments
        label="Divide a frame among workers"
        value={isDivided ? 'on' : 'off'}
        options={[
          { value: 'off', label: 'Off' },
          { value: 'on', label: 'On', bar },
        ]}
        onChange={(choice) => model.change({ isDivided: choice === 'on' })}
        testId="render-divide"
      />
      {isDivided && (
        <>
          <div class="field-pair">
            <NumberField
              label="Columns"
              value={form.columns}
              min={1}
              onChange={(columns) => model.change({ columns })}
              testId="render-columns"
            />
            <NumberField
              label="Rows"
              value={form.rows}
              min={1}
              onChange={(rows) => model.change({ rows })}
              testId="render-rows"
            />
            <NumberField
              label="Sample ranges"
              value={form.sampleRanges}
              min={1}
              onChange={(sampleRanges) => model.change({ sampleRanges })}
              testId="render-sample-ranges"
            />
          </div>
          {faults.division ? (
            <p class="field-fault" role="alert" data-testid="render-divide-fault">
              {faults.division}
            </p>
          ) : (
            <p class="field-hint" data-testid="render-divide-hint">
              {plural(form.columns * form.rows * form.sampleRanges, 'task')} a frame, and one that puts it together. The
              picture is the same.
            </p>
          )}
        </>
      )}
    </>
  );
}

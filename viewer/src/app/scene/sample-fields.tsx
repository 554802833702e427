import { LIMITS } from '@kiln/shared';
import { NumberField, Segments } from '../design/field.tsx';
import type { FormField } from './form-faults.ts';
import type { SceneModel } from './scene-model.ts';

interface SampleFieldsProps {
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}

/** How much work goes into a pixel. */
export function SampleFields({ model, faults }: SampleFieldsProps) {
  const { engine, samples } = model.form.value;
  if (engine === 'pathtrace') return <TracingFields model={model} faults={faults} />;
  return (
    <div class="field-pair">
      <NumberField
        label="Samples"
        value={samples}
        min={1}
        onChange={(count) => model.change({ samples: count })}
        fault={faults.samples}
        testId="render-samples"
      />
    </div>
  );
}

function TracingFields({ model, faults }: SampleFieldsProps) {
  const { tracedSamples, bounces, noiseThreshold, timeLimitSec, clampIndirect, filterGlossy, denoise } =
    model.form.value;
  return (
    <>
      <div class="field-pair">
        <NumberField
          label={noiseThreshold > 0 || timeLimitSec > 0 ? 'Samples, at most' : 'Samples'}
          value={tracedSamples}
          min={1}
          onChange={(count) => model.change({ tracedSamples: count })}
          fault={faults.samples}
          testId="render-samples"
        />
        <NumberField
          label="Bounces"
          value={bounces}
          min={1}
          max={LIMITS.lightBounces}
          onChange={(count) => model.change({ bounces: count })}
          fault={faults.bounces}
          testId="render-bounces"
        />
      </div>
      <div class="field-pair">
        <NumberField
          label="Noise threshold"
          value={noiseThreshold}
          min={0}
          max={1}
          step={0.01}
          hint="0.05 is fine; 0: all samples"
          onChange={(threshold) => model.change({ noiseThreshold: threshold })}
          fault={faults.noiseThreshold}
          testId="render-noise-threshold"
        />
        <NumberField
          label="Time limit"
          unit="s"
          value={timeLimitSec}
          min={0}
          hint="Of a frame; 0: none"
          onChange={(limit) => model.change({ timeLimitSec: limit })}
          fault={faults.timeLimitSec}
          testId="render-time-limit"
        />
      </div>
      <div class="field-pair">
        <NumberField
          label="Clamp indirect"
          value={clampIndirect}
          min={0}
          hint="1 is white; 0: off"
          onChange={(clamp) => model.change({ clampIndirect: clamp })}
          fault={faults.clampIndirect}
          testId="render-clamp"
        />
        <NumberField
          label="Filter glossy"
          value={filterGlossy}
          min={0}
          max={1}
          step={0.1}
          hint="0: off"
          onChange={(filter) => model.change({ filterGlossy: filter })}
          fault={faults.filterGlossy}
          testId="render-filter-glossy"
        />
      </div>
      <Segments
        label="Denoise"
        value={denoise ? 'on' : 'off'}
        options={[
          { value: 'off', label: 'Off' },
          { value: 'on', label: 'On' },
        ]}
        onChange={(choice) => model.change({ denoise: choice === 'on' })}
        testId="render-denoise"
      />
    </>
  );
}

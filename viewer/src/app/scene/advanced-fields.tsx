import { LIMITS } from '@kiln/shared';
import { NumberField, Segments, TextField } from '../design/field.tsx';
import { Switch } from '../design/switch.tsx';
import type { FormField } from './form-faults.ts';
import type { SceneModel } from './scene-model.ts';

const NOTIFY = [
  { value: 'all', label: 'All' },
  { value: 'none', label: 'None' },
] as const;

const CHUNKS = [
  { value: 'frames', label: 'Frames' },
  { value: 'seconds', label: 'Seconds' },
] as const;

const POLICIES = [
  { value: 'strict', label: 'Required' },
  { value: 'prefer', label: 'Preferred' },
] as const;

/** Fields that most jobs leave as they are, in groups by what they decide. */
export function AdvancedFields({
  model,
  faults,
}: {
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}) {
  const form = model.form.value;
  return (
    <>
      <fieldset class="field-group">
        <legend class="field-group-title">What it may take</legend>
        <TextField
          label="Budget"
          value={form.budget}
          onChange={(budget) => model.change({ budget })}
          placeholder="2h, or 40 EUR"
          hint="Time of one slot, or money. What would take more waits for you."
          fault={faults.budget}
          testId="render-budget"
        />
        <TextField
          label="Test frames"
          value={form.testFrames}
          onChange={(testFrames) => model.change({ testFrames })}
          placeholder="first, middle, last"
          hint="Drawn first; the others begin when they are done."
          fault={faults.testFrames}
          testId="render-test-frames"
        />
        {form.testFrames.trim() !== '' && (
          <Switch
            label="Wait until you approve them"
            isOn={form.asksAfterTests}
            onChange={(asksAfterTests) => model.change({ asksAfterTests })}
            testId="render-test-approve"
          />
        )}
      </fieldset>
      <fieldset class="field-group">
        <legend class="field-group-title">Tasks and failures</legend>
        <div class="field-pair">
          <Segments
            label="Length of tasks in"
            value={form.chunkBy}
            options={CHUNKS}
            onChange={(chunkBy) => model.change({ chunkBy, chunkSize: chunkBy === 'frames' ? 1 : 30 })}
            testId="render-chunk-by"
          />
          <NumberField
            label={form.chunkBy === 'frames' ? 'Frames of a task' : 'Seconds of a task'}
            value={form.chunkSize}
            min={1}
            onChange={(chunkSize) => model.change({ chunkSize })}
            fault={faults.chunkSize}
            testId="render-chunk"
          />
        </div>
        <div class="field-pair">
          <NumberField
            label="Tries of a task"
            value={form.maxAttempts}
            min={1}
            max={LIMITS.taskAttemptsMax}
            onChange={(maxAttempts) => model.change({ maxAttempts })}
            fault={faults.maxAttempts}
            testId="render-max-attempts"
          />
          <NumberField
            label="Stop after failures"
            value={form.maxFailedTasks}
            min={0}
            onChange={(maxFailedTasks) => model.change({ maxFailedTasks })}
            hint="0: it goes on."
            fault={faults.maxFailedTasks}
            testId="render-max-failed"
          />
        </div>
        <NumberField
          label="Longest time of a frame"
          value={form.frameTimeoutMin}
          min={0}
          step="any"
          unit="min"
          onChange={(frameTimeoutMin) => model.change({ frameTimeoutMin })}
          hint="0: ten minutes, six hours where paths are traced."
          fault={faults.frameTimeoutMin}
          testId="render-frame-timeout"
        />
      </fieldset>
      <fieldset class="field-group">
        <legend class="field-group-title">Which workers</legend>
        <TextField
          label="Tags they have"
          value={form.requiredTags}
          onChange={(requiredTags) => model.change({ requiredTags })}
          placeholder="fast, node=a12"
          hint="With commas between; workers have all of them."
          fault={faults.requiredTags}
          testId="render-required-tags"
        />
        <div class="field-pair">
          <TextField
            label="GPU"
            value={form.gpu}
            onChange={(gpu) => model.change({ gpu })}
            placeholder="RTX"
            hint="Part of its name."
            fault={faults.gpu}
            testId="render-gpu"
          />
          <NumberField
            label="GPU memory"
            value={form.gpuMemoryGib}
            min={0}
            step="any"
            unit="GiB"
            onChange={(gpuMemoryGib) => model.change({ gpuMemoryGib })}
            hint="0: any."
            fault={faults.gpuMemoryGib}
            testId="render-gpu-memory"
          />
        </div>
        <div class="field-pair">
          <TextField
            label="Limits"
            value={form.limits}
            onChange={(limits) => model.change({ limits })}
            placeholder="denoiser"
            hint="Names, with commas."
            fault={faults.limits}
            testId="render-limits"
          />
          <NumberField
            label="Most per machine"
            value={form.maxPerHost}
            min={0}
            onChange={(maxPerHost) => model.change({ maxPerHost })}
            hint="0: as it comes."
            fault={faults.maxPerHost}
            testId="render-max-per-host"
          />
        </div>
        <Segments
          label="One adapter class for all frames"
          value={form.classPolicy}
          options={POLICIES}
          onChange={(classPolicy) => model.change({ classPolicy })}
          testId="render-class-policy"
        />
      </fieldset>
      <fieldset class="field-group">
        <legend class="field-group-title">Beside others</legend>
        <TextField
          label="After jobs"
          value={form.after}
          onChange={(after) => model.change({ after })}
          placeholder="job_…"
          hint="Ids, with commas between: it begins when they have succeeded."
          fault={faults.after}
          testId="render-after"
        />
        <Segments
          label="Webhooks that are told"
          value={form.notify}
          options={NOTIFY}
          onChange={(notify) => model.change({ notify })}
          testId="render-notify"
        />
      </fieldset>
    </>
  );
}

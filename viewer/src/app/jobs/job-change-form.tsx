/** Changes a job while it runs: how urgent it is, how often its tasks are tried, and what its workers must have. */
import { type Job, LIMITS } from '@kiln/shared';
import { useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { NumberField, TextField } from '../design/field.tsx';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';
import { changesOf, faultsOf, formOf, type JobChangeForm } from './job-changes.ts';

export function JobChange({ job }: { readonly job: Job }) {
  const { farm } = useServices();
  const [form, setForm] = useState<JobChangeForm | null>(null);
  if (form === null) {
    return (
      <Button
        kind="quiet"
        small
        icon="sliders"
        label={`Change ${job.name}`}
        testId="job-change"
        onClick={() => setForm(formOf(job))}
      >
        Change
      </Button>
    );
  }
  const faults = faultsOf(form);
  const changes = changesOf(job, form);
  const change = (more: Partial<JobChangeForm>) => setForm({ ...form, ...more });
  const save = async () => {
    if (Object.keys(changes).length > 0) {
      farm.putJob(await farm.client.editJob({ params: { jobId: job.id }, body: changes }));
    }
    setForm(null);
  };
  return (
    <form
      class="job-change"
      aria-label={`Change ${job.name}`}
      data-testid="job-change-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (Object.keys(faults).length === 0) save().catch(toastError);
      }}
    >
      <div class="field-pair">
        <NumberField
          label="Priority"
          value={form.priority}
          min={0}
          max={100}
          onChange={(priority) => change({ priority })}
          fault={faults.priority}
          testId="job-priority"
        />
        <NumberField
          label="Tries of a task"
          value={form.maxAttempts}
          min={1}
          max={LIMITS.taskAttemptsMax}
          onChange={(maxAttempts) => change({ maxAttempts })}
          fault={faults.maxAttempts}
          testId="job-max-attempts"
        />
      </div>
      <div class="field-pair">
        <TextField
          label="Tags its workers have"
          value={form.requiredTags}
          onChange={(requiredTags) => change({ requiredTags })}
          placeholder="fast, node=a12"
          hint="With commas between. What is being drawn goes on."
          fault={faults.requiredTags}
          testId="job-required-tags"
        />
        <TextField
          label="GPU"
          value={form.gpu}
          onChange={(gpu) => change({ gpu })}
          placeholder="RTX"
          hint="Part of its name."
          fault={faults.gpu}
          testId="job-gpu"
        />
      </div>
      <div class="job-change-actions">
        <Button kind="quiet" small label="Leave it as it is" testId="job-change-leave" onClick={() => setForm(null)}>
          Leave it
        </Button>
        <Button kind="primary" small type="submit" testId="job-change-save">
          Save
        </Button>
      </div>
    </form>
  );
}

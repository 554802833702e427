/** What is rendered, and the button that does it. */
import type { ImportReport, Scene } from '@kiln/shared';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Notice } from '../design/notice.tsx';
import { plural } from '../design/quantities.ts';
import { Section } from '../design/section.tsx';
import { toast } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';
import { AdvancedFields } from './advanced-fields.tsx';
import { AnimationFields } from './animation-fields.tsx';
import { otherCameras } from './camera-choice.ts';
import { CameraFields } from './camera-fields.tsx';
import { editableNames } from './edit-choice.ts';
import { EngineFields, WorkFields } from './engine-fields.tsx';
import { checkFrames, type FormField, faultsOf } from './form-faults.ts';
import { type FormSection, summariesOf } from './form-summary.ts';
import { JobFields } from './job-fields.tsx';
import { ColorFields, LightFields } from './look-fields.tsx';
import { MotionFields } from './motion-fields.tsx';
import { ObjectFields } from './object-fields.tsx';
import { OutputFields } from './output-fields.tsx';
import { isTyping } from './page-keys.ts';
import { jobRequest } from './render-form.ts';
import type { SceneModel } from './scene-model.ts';
import { useEstimate } from './use-estimate.ts';

/** What nearly every render is about. */
const OPEN_AT_FIRST: readonly FormSection[] = ['camera', 'light', 'output', 'engine'];

const ADVANCED: readonly FormField[] = [
  ...(['budget', 'testFrames', 'chunkSize', 'maxAttempts', 'maxFailedTasks', 'frameTimeoutMin'] as const),
  ...(['limits', 'maxPerHost', 'requiredTags', 'gpu', 'gpuMemoryGib', 'after'] as const),
];

const FAULTS_IN: Readonly<Record<FormSection, readonly FormField[]>> = {
  camera: ['camera'],
  light: ['exposureEv', 'background', 'shadowCatcher'],
  color: [],
  objects: [],
  animation: ['clipStartSec', 'clipEndSec'],
  motion: ['lens', 'fStop', 'focusDistanceM', 'turntableFrames'],
  output: ['size', 'frames', 'bitDepth', 'quality', 'film', 'fps'],
  engine: ['engine', 'samples', 'bounces', 'noiseThreshold', 'timeLimitSec', 'clampIndirect', 'filterGlossy'],
  work: ['division'],
  job: ['priority', 'tags', 'maxSlots'],
  advanced: ADVANCED,
};

/** Where the screen is too narrow for both, frames appear below the form: nobody should have to look for them. */
function showRenders(): void {
  const title = document.getElementById('renders-title');
  if (!title || title.getBoundingClientRect().bottom < innerHeight) return;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  title.scrollIntoView({ block: 'start', behavior: still ? 'instant' : 'smooth' });
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function RenderPanel({
  scene,
  report,
  model,
}: {
  readonly scene: Scene;
  readonly report: ImportReport;
  readonly model: SceneModel;
}) {
  const { farm } = useServices();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<{ readonly code: string; readonly message: string } | null>(null);
  const form = model.form.value;
  // Reading the live state too: with the first picture the camera “current view” becomes possible.
  const camera = model.live.value.phase === 'closed' ? null : model.camera();
  const faults = faultsOf(form, camera, report);
  const estimate = useEstimate(form);
  const blocked = Object.keys(faults).length > 0;
  const frames = checkFrames(form.frames);
  const pictures = frames.ok ? frames.count * (1 + otherCameras(form).length) : 0;
  const summaries = summariesOf(form);
  const { nodes, materials } = editableNames(report);
  const hasObjects = nodes.length + materials.length + report.variants.length > 0;
  const picked = model.drives.value ? model.picking.picked.value : null;
  const part = (id: FormSection, title: string, fields: ComponentChildren) => (
    <Section
      id={id}
      title={title}
      summary={summaries[id]}
      isOpenAtFirst={OPEN_AT_FIRST.includes(id)}
      hasFault={FAULTS_IN[id].some((field) => faults[field] !== undefined)}
      opensFor={id === 'objects' ? picked : null}
    >
      {fields}
    </Section>
  );

  const request = () => jobRequest(model.form.peek(), scene, model.camera());

  async function submit(): Promise<void> {
    if (busy || Object.keys(faultsOf(model.form.peek(), model.camera(), report)).length > 0) return;
    setBusy(true);
    setFailure(null);
    try {
      const job = await farm.client.createJob({ body: estimate.withEstimate(request()) });
      farm.putJob(job);
      toast(`Rendering ${plural(job.frameCount, 'frame')}.`);
      showRenders();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'client.failed';
      setFailure({ code, message: error instanceof Error ? error.message : String(error) });
    } finally {
      setBusy(false);
    }
  }

  const latest = useRef(submit);
  latest.current = submit;
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'r' && !event.repeat && !isTyping(event)) void latest.current();
    };
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, []);

  return (
    <form
      class="render-panel"
      data-testid="render-panel"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div class="render-fields">
        {part('camera', 'Camera', <CameraFields report={report} model={model} faults={faults} />)}
        {part('light', 'Light', <LightFields report={report} model={model} faults={faults} />)}
        {part('color', 'Colour', <ColorFields model={model} />)}
        {hasObjects && part('objects', 'Objects and materials', <ObjectFields report={report} model={model} />)}
        {report.clips.length > 0 &&
          part('animation', 'Animation', <AnimationFields report={report} model={model} faults={faults} />)}
        {part('motion', 'Lens and motion', <MotionFields model={model} faults={faults} />)}
        {part('output', 'Output', <OutputFields report={report} model={model} faults={faults} />)}
        {part('engine', 'Engine', <EngineFields report={report} model={model} faults={faults} />)}
        {part('work', 'Back end and division', <WorkFields model={model} faults={faults} />)}
        {part('job', 'Priority and labels', <JobFields model={model} faults={faults} />)}
        {part('advanced', 'Advanced', <AdvancedFields model={model} faults={faults} />)}
      </div>
      <div class="render-bar">
        {failure && (
          <Notice kind="error" title="The job was not taken" testId="render-error" code={failure.code}>
            <p>{failure.message}</p>
          </Notice>
        )}
        {blocked && (
          <p class="field-fault" data-testid="render-fault">
            {Object.values(faults)[0]}
          </p>
        )}
        {estimate.shown.state === 'ready' && (
          <p class="field-hint" data-testid="estimate">
            {capitalised(estimate.shown.text)}
          </p>
        )}
        {estimate.shown.state === 'failed' && (
          <Notice kind="warning" title="There is no estimate" testId="estimate-error">
            <p>{estimate.shown.message}</p>
          </Notice>
        )}
        <Button
          icon="gauge"
          class="button-wide"
          disabled={blocked || estimate.shown.state === 'measuring'}
          testId="estimate-button"
          onClick={() => void estimate.ask(request())}
        >
          {estimate.shown.state === 'measuring' ? 'Measuring …' : 'Estimate'}
        </Button>
        <Button
          type="submit"
          kind="primary"
          icon="flame"
          class="button-wide button-large"
          disabled={blocked || busy}
          testId="render-button"
        >
          {busy ? 'Submitting …' : `Render ${pictures > 0 ? plural(pictures, 'frame') : ''}`}
        </Button>
      </div>
    </form>
  );
}

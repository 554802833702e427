/** What is rendered, and the button that does it. */
import type { ImportReport, Scene } from '@kiln/shared';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Notice } from '../design/notice.tsx';
import { plural } from '../design/quantities.ts';
import { toast } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';
import { LookFields } from './look-fields.tsx';
import { MotionFields } from './motion-fields.tsx';
import { OutputFields } from './output-fields.tsx';
import { isTyping } from './page-keys.ts';
import { checkFrames, faultsOf, jobRequest } from './render-form.ts';
import type { SceneModel } from './scene-model.ts';

/** Where the screen is too narrow for both, frames appear below the form: nobody should have to look for them. */
function showRenders(): void {
  const title = document.getElementById('renders-title');
  if (!title || title.getBoundingClientRect().bottom < innerHeight) return;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  title.scrollIntoView({ block: 'start', behavior: still ? 'instant' : 'smooth' });
}

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
  const blocked = Object.keys(faults).length > 0;
  const frames = checkFrames(form.frames);

  async function submit(): Promise<void> {
    if (busy || Object.keys(faultsOf(model.form.peek(), model.camera(), report)).length > 0) return;
    setBusy(true);
    setFailure(null);
    try {
      const job = await farm.client.createJob({ body: jobRequest(model.form.peek(), scene, model.camera()) });
      farm.jobs.put(job);
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
        <section class="panel-section" aria-labelledby="look-title">
          <h2 id="look-title" class="panel-title">
            Look
          </h2>
          <LookFields report={report} model={model} faults={faults} />
        </section>
        <section class="panel-section" aria-labelledby="motion-title">
          <h2 id="motion-title" class="panel-title">
            Lens and motion
          </h2>
          <MotionFields model={model} faults={faults} />
        </section>
        <section class="panel-section" aria-labelledby="output-title">
          <h2 id="output-title" class="panel-title">
            Output
          </h2>
          <OutputFields report={report} model={model} faults={faults} />
        </section>
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
        <Button
          type="submit"
          kind="primary"
          icon="flame"
          class="button-wide button-large"
          disabled={blocked || busy}
          testId="render-button"
        >
          {busy ? 'Submitting …' : `Render ${frames.ok ? plural(frames.count, 'frame') : ''}`}
        </Button>
      </div>
    </form>
  );
}

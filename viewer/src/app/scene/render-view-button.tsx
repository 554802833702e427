/** One click sends what the live view shows to the farm, with the samples that it has. */
import { useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { toast } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';
import { reusedText } from '../jobs/reused-text.ts';
import type { SceneModel } from './scene-model.ts';

export function RenderViewButton({ model }: { readonly model: SceneModel }) {
  const { farm } = useServices();
  const [busy, setBusy] = useState(false);

  async function send(): Promise<void> {
    const sessionId = model.viewport.value?.sessionId;
    if (!sessionId || busy) return;
    setBusy(true);
    try {
      const { job } = await farm.client.renderSession({ params: { sessionId }, body: {} });
      farm.putJob(job);
      const reused = reusedText(job);
      toast(`Rendering this view${reused === null ? '' : `: ${reused}`}.`);
    } catch (error) {
      toast(`The view was not sent: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Button
      class="button-glass"
      icon="flame"
      label={busy ? 'Sending this view to the farm …' : 'Render this view'}
      disabled={busy}
      testId="render-view"
      onClick={() => void send()}
    />
  );
}

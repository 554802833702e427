/** The live view and what lies over it. */
import type { Scene } from '@kiln/shared';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { useServices } from '../farm/farm-context.ts';
import { LiveHud } from './live-hud.tsx';
import { LiveNote } from './live-note.tsx';
import { LiveOverlay } from './live-overlay.tsx';
import { PeopleNotice } from './people-notice.tsx';
import { PeopleButton } from './people-panel.tsx';
import { PickedNote } from './picked-note.tsx';
import { RecordButton, RecordingBar, useRecording } from './recording.tsx';
import { aspectOf } from './render-form.ts';
import { RenderViewButton } from './render-view-button.tsx';
import type { SceneModel } from './scene-model.ts';
import { ShortcutsButton } from './shortcuts.tsx';

export function LiveStage({ scene, model }: { readonly scene: Scene; readonly model: SceneModel }) {
  const { farm } = useServices();
  const stage = useRef<HTMLElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const [hud, setHud] = useState(false);
  useEffect(() => (host.current ? model.mount(host.current) : undefined), [model]);

  const control = useRecording(model);
  const live = model.live.value;
  // Once there was a picture it stays, whatever happens to the session.
  const [painted, setPainted] = useState(false);
  const paintedNow = live.phase === 'live' && live.painted;
  useEffect(() => {
    if (paintedNow) setPainted(true);
  }, [paintedNow]);

  return (
    <section
      ref={stage}
      class="stage"
      aria-label="Live view"
      style={{ '--aspect': String(aspectOf(model.form.value)) }}
      data-testid="live-stage"
      data-state={live.phase}
      data-painted={painted}
      data-watching={!model.drives.value}
    >
      {!painted && scene.thumbnailUrl && (
        <img class="stage-poster" src={farm.client.urls.thumbnail(scene.id)} alt="" data-testid="live-poster" />
      )}
      <div ref={host} class="stage-host" />
      <LiveOverlay model={model} painted={painted} />
      <div class="stage-tools">
        <PeopleButton model={model} />
        {painted && <RecordButton control={control} />}
        {painted && model.drives.value && <RenderViewButton model={model} />}
        <Button
          class="button-glass"
          icon="fit"
          label="Fit the scene (F)"
          testId="live-fit"
          onClick={() => model.viewport.value?.fit()}
        />
        <Button
          class="button-glass"
          icon="gauge"
          label="Figures of the live view"
          pressed={hud}
          testId="hud-toggle"
          onClick={() => setHud(!hud)}
        />
        <Button
          class="button-glass"
          icon="maximize"
          label="Full screen"
          onClick={() => {
            if (document.fullscreenElement) void document.exitFullscreen();
            else void stage.current?.requestFullscreen().catch(() => {});
          }}
        />
        <ShortcutsButton />
      </div>
      {hud && <LiveHud model={model} />}
      <RecordingBar control={control} model={model} name={scene.name} />
      <PeopleNotice model={model} />
      <PickedNote model={model} />
      {painted && <LiveNote model={model} />}
    </section>
  );
}

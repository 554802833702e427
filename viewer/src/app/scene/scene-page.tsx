/** One scene: live view, what it is rendered with, what was rendered of it, and what is in it. */
import { KilnError, type Scene } from '@kiln/shared';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { Button } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { Empty, Notice, Spinner } from '../design/notice.tsx';
import { formatBytes, plural } from '../design/quantities.ts';
import { useServices } from '../farm/farm-context.ts';
import { SceneJobs } from '../jobs/scene-jobs.tsx';
import { FileButtons } from '../upload/file-buttons.tsx';
import { InfoPanel } from './info-panel.tsx';
import { LiveStage } from './live-stage.tsx';
import { RenderPanel } from './render-panel.tsx';
import { createSceneModel } from './scene-model.ts';
import { Timeline } from './timeline.tsx';
import { watchedIn } from './watch-link.ts';

export function ScenePage({ sceneId }: { readonly sceneId: string }) {
  const { farm } = useServices();
  const known = farm.scenes.list.value.items.find(({ id }) => id === sceneId);
  const [failure, setFailure] = useState<KilnError | null>(null);
  const [tries, setTries] = useState(0);
  const missing = known === undefined;
  useEffect(() => {
    if (!missing) return;
    setFailure(null);
    // Not on the list's first page, or the list is still on its way.
    farm.client.getScene({ params: { sceneId } }).then(
      (scene) => farm.putScene(scene),
      (error: unknown) => error instanceof KilnError && setFailure(error),
    );
  }, [farm, sceneId, missing, tries]);
  useEffect(() => {
    document.title = `${known?.name ?? 'Scene'} · Kiln`;
  }, [known?.name]);

  if (known) return <KnownScene key={sceneId} scene={known} />;
  if (!failure) {
    return (
      <div class="middle">
        <Spinner label="Fetching the scene" />
      </div>
    );
  }
  return (
    <div class="page">
      <Empty icon="search" title={failure.status === 404 ? 'There is no such scene' : 'The scene could not be fetched'}>
        {failure.status !== 404 && <p>{failure.message}</p>}
        {failure.retryable ? (
          <Button icon="retry" onClick={() => setTries(tries + 1)}>
            Try again
          </Button>
        ) : (
          <a class="button button-plain" href="/">
            To the scenes
          </a>
        )}
      </Empty>
    </div>
  );
}

function KnownScene({ scene }: { readonly scene: Scene }) {
  if (scene.state === 'ready' && scene.report) return <ReadyScene scene={scene} report={scene.report} />;
  return (
    <div class="page" data-testid="scene-page" data-scene-id={scene.id} data-state={scene.state}>
      <SceneHead scene={scene} />
      {scene.state === 'refused' && scene.refusal ? (
        <>
          <Notice kind="error" title="This scene cannot be rendered" testId="scene-refusal" code={scene.refusal.code}>
            <p>{scene.refusal.message}</p>
            {scene.refusal.pointer && <p class="notice-place">at {scene.refusal.pointer}</p>}
          </Notice>
          <Empty icon="upload" title="Drop the repaired files here">
            <p>What the farm has already is not sent again.</p>
            <FileButtons />
          </Empty>
        </>
      ) : scene.state === 'uploading' ? (
        <Empty icon="upload" title={`${plural(scene.missing.length, 'file')} still to come`}>
          <p>If the upload was interrupted, drop the same files again: it goes on where it stopped.</p>
          <FileButtons />
        </Empty>
      ) : (
        <div class="middle">
          <Spinner label="A worker is checking the scene" />
        </div>
      )}
    </div>
  );
}

type Tab = 'render' | 'info';

function ReadyScene({ scene, report }: { readonly scene: Scene; readonly report: NonNullable<Scene['report']> }) {
  const { uploads } = useServices();
  // One model as long as this scene is shown: its report never changes, events bring the same one again.
  const watched = watchedIn(useLocation().query);
  const model = useMemo(() => createSceneModel(scene.id, report, watched), [scene.id, watched]);
  const [tab, setTab] = useState<Tab>('render');
  useEffect(() => uploads.opened(scene.id), [uploads, scene.id]);
  const picked = model.drives.value ? model.picking.picked.value : null;
  useEffect(() => {
    if (picked) setTab('render');
  }, [picked]);
  return (
    <div class="scene-page" data-testid="scene-page" data-scene-id={scene.id} data-state={scene.state}>
      <div class="scene-main">
        <LiveStage scene={scene} model={model} />
        {(report.clips.length > 0 || model.timelineFrames.value > 1) && <Timeline model={model} clips={report.clips} />}
        <SceneJobs sceneId={scene.id} />
      </div>
      <aside class="scene-side" aria-label="Settings">
        <SceneHead scene={scene} />
        <div class="tabs" role="tablist" aria-label="Panels">
          <TabButton tab="render" current={tab} onPick={setTab} label="Render" />
          <TabButton tab="info" current={tab} onPick={setTab} label="Info" />
        </div>
        <div class="tab-panel" role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
          {tab === 'render' ? (
            <RenderPanel scene={scene} report={report} model={model} />
          ) : (
            <InfoPanel scene={scene} report={report} />
          )}
        </div>
      </aside>
    </div>
  );
}

function TabButton({
  tab,
  current,
  label,
  onPick,
}: {
  readonly tab: Tab;
  readonly current: Tab;
  readonly label: string;
  readonly onPick: (tab: Tab) => void;
}) {
  const chosen = tab === current;
  const other: Tab = tab === 'render' ? 'info' : 'render';
  return (
    <button
      type="button"
      class="tab"
      role="tab"
      id={`tab-${tab}`}
      aria-selected={chosen}
      aria-controls={`panel-${tab}`}
      tabIndex={chosen ? 0 : -1}
      data-testid={`tab-${tab}`}
      onClick={() => onPick(tab)}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
        onPick(other);
        document.getElementById(`tab-${other}`)?.focus();
      }}
    >
      {label}
    </button>
  );
}

function SceneHead({ scene }: { readonly scene: Scene }) {
  return (
    <header class="scene-head">
      <a class="back" href="/" aria-label="Back to the scenes">
        <Icon name="arrow-left" />
      </a>
      <div class="scene-head-text">
        <h1 class="scene-title">{scene.name}</h1>
        <p class="muted">
          {plural(scene.files.length, 'file')} · {formatBytes(scene.sizeBytes)}
        </p>
      </div>
    </header>
  );
}

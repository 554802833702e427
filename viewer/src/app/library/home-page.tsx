/** The library: every scene as a card, and the way to bring another. */
import { useEffect } from 'preact/hooks';
import { VIEWER_LIMITS } from '../../limits.ts';
import { Button } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { Empty, Notice } from '../design/notice.tsx';
import { plural } from '../design/quantities.ts';
import { useServices } from '../farm/farm-context.ts';
import { FileButtons } from '../upload/file-buttons.tsx';
import { SceneCard } from './scene-card.tsx';

export function HomePage() {
  const { farm } = useServices();
  const list = farm.scenes.list.value;
  useEffect(() => {
    document.title = 'Scenes · Kiln';
  }, []);
  return (
    <div class="page" data-testid="home" data-state={list.state}>
      <section class="drop-zone" aria-labelledby="drop-title">
        <span class="drop-zone-icon">
          <Icon name="upload" size={28} />
        </span>
        <div class="drop-zone-text">
          <h1 id="drop-title">
            <span class="with-mouse">Drop a scene here</span>
            <span class="with-touch">Add a scene</span>
          </h1>
          <p>
            A <code>.glb</code>, the folder of a <code>.gltf</code>, or FBX, OBJ, USDZ, STL, PLY, Collada, 3MF and
            three.js JSON with the files that belong to it; or a ZIP. You see it live within seconds.
          </p>
        </div>
        <FileButtons />
      </section>

      <div class="page-head">
        <h2>Scenes</h2>
        {list.items.length > 0 && <span class="muted">{plural(list.items.length, 'scene')}</span>}
      </div>
      {list.state === 'failed' && (
        <Notice kind="error" title="The scenes could not be fetched" code={list.error.code}>
          <p>{list.error.message}</p>
          <Button small icon="retry" onClick={() => void farm.scenes.reload()}>
            Try again
          </Button>
        </Notice>
      )}
      {list.state === 'loading' && list.items.length === 0 ? (
        <SceneSkeletons />
      ) : list.items.length === 0 && list.state === 'ready' ? (
        <Empty icon="box" title="No scenes yet">
          <p>Drop one anywhere on this page.</p>
        </Empty>
      ) : (
        <ul class="scene-grid">
          {list.items.map((scene) => (
            <SceneCard key={scene.id} scene={scene} />
          ))}
        </ul>
      )}
      {list.state === 'ready' && list.hasMore && (
        <div class="more">
          <Button onClick={() => void farm.scenes.loadMore()}>Show {VIEWER_LIMITS.pageItems} more</Button>
        </div>
      )}
    </div>
  );
}

function SceneSkeletons() {
  return (
    <ul class="scene-grid" aria-label="Fetching the scenes" aria-busy="true">
      {[0, 1, 2, 3].map((index) => (
        <li key={index} class="scene-card skeleton">
          <div class="scene-picture" />
          <div class="scene-card-text">
            <span class="skeleton-line" />
            <span class="skeleton-line skeleton-short" />
          </div>
        </li>
      ))}
    </ul>
  );
}

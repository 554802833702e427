import type { Scene } from '@kiln/shared';
import { ConfirmButton } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { formatAgo, formatBytes, formatCompact } from '../design/quantities.ts';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';

const STATE_TEXT: Readonly<Record<Scene['state'], string>> = {
  uploading: 'Waiting for files',
  importing: 'Checking',
  ready: 'Ready',
  refused: 'Refused',
};

export function SceneCard({ scene }: { readonly scene: Scene }) {
  const { farm } = useServices();
  const remove = () =>
    farm.client.deleteScene({ params: { sceneId: scene.id } }).then(() => farm.scenes.remove(scene.id), toastError);
  return (
    <li class="scene-card" data-testid="scene-card" data-scene-id={scene.id} data-state={scene.state}>
      <a class="scene-link" href={`/scenes/${scene.id}`}>
        <div class="scene-picture">
          {scene.thumbnailUrl ? (
            <img src={farm.client.urls.thumbnail(scene.id)} alt="" loading="lazy" decoding="async" />
          ) : (
            <Icon name={scene.state === 'refused' ? 'warning' : 'box'} size={32} />
          )}
          {scene.state !== 'ready' && <span class={`chip chip-${scene.state}`}>{STATE_TEXT[scene.state]}</span>}
        </div>
        <div class="scene-card-text">
          <span class="scene-name" title={scene.name}>
            {scene.name}
          </span>
          <span class="scene-meta">{metaText(scene)}</span>
        </div>
      </a>
      <ConfirmButton
        class="scene-delete"
        kind="quiet"
        small
        icon="trash"
        label={`Delete ${scene.name}`}
        ask="Delete?"
        testId="scene-delete"
        onConfirm={() => void remove()}
      />
    </li>
  );
}

function metaText({ report, refusal, sizeBytes, createdAt }: Scene): string {
  if (refusal) return refusal.message;
  const parts = [
    ...(report ? [`${formatCompact(report.triangles)} triangles`] : []),
    formatBytes(sizeBytes),
    formatAgo(createdAt, Date.now()),
  ];
  return parts.join(' · ');
}

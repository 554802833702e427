/** Says where the session stands, for as long as it is not simply live. */
import type { LiveState } from '../../live/session-state.ts';
import { Button } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { Progress } from '../design/progress.tsx';
import { useServices } from '../farm/farm-context.ts';
import type { SceneModel } from './scene-model.ts';

export function LiveOverlay({ model, painted }: { readonly model: SceneModel; readonly painted: boolean }) {
  const { farm } = useServices();
  const problem = model.problem.value;
  if (problem !== null) {
    return (
      <div class="stage-card" role="alert" data-testid="live-problem">
        <Icon name="warning" size={22} />
        <p class="stage-card-title">No live view here</p>
        <p>{problem}</p>
      </div>
    );
  }
  const live = model.live.value;
  const retry = () => model.viewport.value?.open();
  if (live.phase === 'failed' || live.phase === 'ended') {
    return (
      <div
        class="stage-card"
        role="alert"
        data-testid="live-error"
        data-code={live.phase === 'failed' ? live.code : ''}
      >
        <Icon name="warning" size={22} />
        <p class="stage-card-title">{endTitle(live, model.watched !== null)}</p>
        <p>{endReason(live, model.watched !== null)}</p>
        {model.watched === null ? (
          <Button kind="primary" icon="retry" testId="live-retry" onClick={retry}>
            {live.phase === 'failed' && live.code === 'resource.conflict' ? 'Show it here' : 'Try again'}
          </Button>
        ) : (
          <a class="button button-primary" href={location.pathname} data-testid="live-own">
            Look around by yourself
          </a>
        )}
      </div>
    );
  }
  // The banner says already that the farm is away.
  const status = statusOf(live, painted, farm.link.value.state === 'lost');
  if (!status) return null;
  return (
    <div class={`stage-status${painted ? ' stage-status-top' : ''}`} role="status" data-testid="live-status">
      <span class="spinner" aria-hidden="true" />
      <span class="stage-status-text">
        {status.text}
        {status.progress !== undefined && <Progress value={status.progress} label="Loading the scene" />}
      </span>
      {(live.phase === 'reconnecting' || live.phase === 'worker-lost') && (
        <Button small class="button-glass" testId="live-retry" onClick={retry}>
          Try now
        </Button>
      )}
    </div>
  );
}

function endTitle(live: Extract<LiveState, { phase: 'failed' | 'ended' }>, watches: boolean): string {
  if (isOver(live, watches)) return 'What you were to watch is over';
  if (live.phase === 'ended') return 'The live view has ended';
  return live.code === 'resource.conflict' ? 'This view goes on in another tab' : 'The live view stopped';
}

function endReason(live: Extract<LiveState, { phase: 'failed' | 'ended' }>, watches: boolean): string {
  if (isOver(live, watches)) return 'Whoever showed it has closed the view.';
  if (live.phase === 'ended') return live.reason;
  return live.code === 'resource.conflict' ? 'One view is in one tab at a time.' : live.message;
}

const isOver = (live: Extract<LiveState, { phase: 'failed' | 'ended' }>, watches: boolean): boolean =>
  watches && (live.phase === 'ended' || live.code === 'resource.not_found');

interface Status {
  readonly text: string;
  /** Absent where a bar would say nothing. */
  readonly progress?: number | null;
}

function statusOf(live: LiveState, painted: boolean, farmLost: boolean): Status | null {
  switch (live.phase) {
    case 'connecting':
      return { text: 'Connecting …' };
    case 'finding-worker':
      return { text: live.message || 'Finding a worker …' };
    case 'loading':
      return { text: live.message || 'Loading the scene …', progress: live.progress };
    case 'live':
      return live.painted || painted ? null : { text: 'Drawing the first picture …' };
    case 'reconnecting':
      return { text: farmLost ? 'Reconnecting …' : `${live.message} Reconnecting …` };
    case 'worker-lost':
      return { text: live.message || 'The worker is gone. Finding another …' };
    default:
      return null;
  }
}

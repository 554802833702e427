/** The workers: what each is, and what it has in hand. */
import { autoBackendsText, memoryText, type Worker } from '@kiln/shared';
import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Fact } from '../design/fact.tsx';
import { Icon } from '../design/icon.tsx';
import { Empty, Notice, Spinner } from '../design/notice.tsx';
import { formatAgo, formatBytes, formatCount } from '../design/quantities.ts';
import { useServices } from '../farm/farm-context.ts';

/** Shortest time between two requests while jobs change. */
const RELOAD_MS = 2_000;

export function WorkersPage() {
  const { farm } = useServices();
  const list = farm.workers.list.value;
  useEffect(() => {
    document.title = 'Workers · Kiln';
    // What a worker has in hand changes with the jobs; their events are the occasion to ask.
    let timer: ReturnType<typeof setTimeout> | null = null;
    const stop = effect(() => {
      void farm.jobs.list.value;
      timer ??= setTimeout(() => {
        timer = null;
        void farm.workers.reload();
      }, RELOAD_MS);
    });
    void farm.workers.reload();
    return () => {
      stop();
      if (timer) clearTimeout(timer);
    };
  }, [farm]);
  const workers = list.items.filter(({ state }) => state !== 'gone');
  return (
    <div class="page" data-testid="workers-page" data-state={list.state}>
      <div class="page-head">
        <h1>Workers</h1>
        <Button kind="quiet" small icon="retry" label="Ask again" onClick={() => void farm.workers.reload()} />
      </div>
      {list.state === 'failed' && (
        <Notice kind="error" title="The workers could not be fetched" code={list.error.code}>
          <p>{list.error.message}</p>
        </Notice>
      )}
      {workers.length === 0 && list.state === 'loading' && <Spinner label="Asking for the workers" />}
      {workers.length === 0 && list.state === 'ready' && (
        <Empty icon="cpu" title="No workers">
          <p>
            Nothing is rendered until one registers. On this machine <code>npm start</code> starts one; on another,{' '}
            <code>npx --no kiln worker</code>.
          </p>
        </Empty>
      )}
      <ul class="worker-grid">
        {workers.map((worker) => (
          <WorkerCard key={worker.id} worker={worker} />
        ))}
      </ul>
    </div>
  );
}

const STATE_TEXT: Readonly<Record<Worker['state'], string>> = {
  ready: 'Ready',
  draining: 'Finishing',
  lost: 'Not heard of',
  gone: 'Gone',
};

function WorkerCard({ worker }: { readonly worker: Worker }) {
  return (
    <li class="worker" data-testid="worker" data-worker-id={worker.id} data-state={worker.state}>
      <header class="worker-head">
        <Icon name="cpu" size={20} />
        <h2 class="worker-name">{worker.name}</h2>
        <span class={`chip chip-${worker.state}`}>{STATE_TEXT[worker.state]}</span>
      </header>
      {worker.suspendedUntil !== null && (
        <Notice kind="warning" title="It is given nothing for now" testId="worker-suspended">
          <p>
            {worker.suspendedFor === 'canary'
              ? 'It drew a picture wrong that is known beforehand.'
              : 'Tasks failed here that other workers then did.'}{' '}
            It is tried again at {new Date(worker.suspendedUntil).toLocaleTimeString()}.
          </p>
        </Notice>
      )}
      {!worker.sandboxed && (
        <Notice kind="warning" title="Its browser runs without a sandbox">
          <p>Scenes from strangers are not safe on it.</p>
        </Notice>
      )}
      <p class="worker-renderer" title={worker.renderer}>
        {worker.renderer}
      </p>
      <dl class="facts">
        <Fact name="Working on" value={`${formatCount(worker.attempts)} of ${formatCount(worker.slots)} slots`} />
        <Fact name="Live sessions" value={`${formatCount(worker.sessions)} of ${formatCount(worker.maxSessions)}`} />
        <Fact name="Scenes loaded" value={formatCount(worker.scenes.length)} />
        <Fact name="Sandbox" value={worker.sandboxed ? 'on' : 'off'} />
        <Fact name="Scene cache" value={formatBytes(worker.cacheBytes)} />
        <Fact name="Memory" value={formatBytes(worker.nodeRssBytes + worker.browserRssBytes)} />
        {worker.cpuCores !== undefined && <Fact name="CPU cores" value={formatCount(worker.cpuCores)} />}
        {worker.memoryBytes && <Fact name="Machine’s memory" value={memoryText(worker.memoryBytes)} />}
        {worker.gpuMemoryBytes && <Fact name="GPU memory" value={memoryText(worker.gpuMemoryBytes)} />}
        {worker.maxTexturePx && <Fact name="Largest texture" value={`${formatCount(worker.maxTexturePx)} px`} />}
        {worker.tags && worker.tags.length > 0 && <Fact name="Tags" value={worker.tags.join(', ')} />}
        <Fact name="Back end" value={worker.backend} />
        <Fact name="Draws with" value={autoBackendsText(worker)} />
        <Fact name="Browser" value={worker.browserVersion} />
        <Fact name="Adapter class" value={worker.adapterClass} />
        <Fact name="Heard of" value={formatAgo(worker.seenAt, Date.now())} />
      </dl>
    </li>
  );
}

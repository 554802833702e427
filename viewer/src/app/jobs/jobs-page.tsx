/** All jobs, newest first. */
import { useEffect } from 'preact/hooks';
import { VIEWER_LIMITS } from '../../limits.ts';
import { Button } from '../design/button.tsx';
import { Empty, Notice, Spinner } from '../design/notice.tsx';
import { plural } from '../design/quantities.ts';
import { useServices } from '../farm/farm-context.ts';
import { JobCard } from './job-card.tsx';

export function JobsPage() {
  const { farm } = useServices();
  const list = farm.jobs.list.value;
  const sceneNames = new Map(farm.scenes.list.value.items.map(({ id, name }) => [id, name]));
  useEffect(() => {
    document.title = 'Jobs · Kiln';
  }, []);
  return (
    <div class="page" data-testid="jobs-page" data-state={list.state}>
      <div class="page-head">
        <h1>Jobs</h1>
        {list.items.length > 0 && <span class="muted">{plural(list.items.length, 'job')}</span>}
      </div>
      {list.state === 'failed' && (
        <Notice kind="error" title="The jobs could not be fetched" code={list.error.code}>
          <p>{list.error.message}</p>
          <Button small icon="retry" onClick={() => void farm.jobs.reload()}>
            Try again
          </Button>
        </Notice>
      )}
      {list.items.length === 0 && list.state === 'loading' && <Spinner label="Fetching the jobs" />}
      {list.items.length === 0 && list.state === 'ready' && (
        <Empty icon="images" title="No jobs yet">
          <p>Open a scene and press Render.</p>
          <a class="button button-primary" href="/">
            To the scenes
          </a>
        </Empty>
      )}
      <div class="job-list">
        {list.items.map((job) => (
          <JobCard
            key={job.id}
            job={job}
            heading="h2"
            open={job.state === 'running'}
            sceneName={sceneNames.get(job.sceneId) ?? 'the scene'}
          />
        ))}
      </div>
      {list.state === 'ready' && list.hasMore && (
        <div class="more">
          <Button onClick={() => void farm.jobs.loadMore()}>Show {VIEWER_LIMITS.pageItems} more</Button>
        </div>
      )}
    </div>
  );
}

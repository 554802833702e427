/** All jobs, newest first. */
import { useEffect, useState } from 'preact/hooks';
import { VIEWER_LIMITS } from '../../limits.ts';
import { Button } from '../design/button.tsx';
import { Segments } from '../design/field.tsx';
import { Empty, Notice, Spinner } from '../design/notice.tsx';
import { plural } from '../design/quantities.ts';
import { useServices } from '../farm/farm-context.ts';
import { JobCard } from './job-card.tsx';

type Which = 'current' | 'archived';

const WHICH = [
  { value: 'current', label: 'Current' },
  { value: 'archived', label: 'Archived' },
] as const satisfies readonly { readonly value: Which; readonly label: string }[];

export function JobsPage() {
  const { farm } = useServices();
  const [archived, setArchived] = useState(false);
  const jobs = archived ? farm.archivedJobs : farm.jobs;
  const list = jobs.list.value;
  const show = (which: Which) => {
    setArchived(which === 'archived');
    if (which === 'archived') void farm.archivedJobs.reload();
  };
  const sceneNames = new Map(farm.scenes.list.value.items.map(({ id, name }) => [id, name]));
  useEffect(() => {
    document.title = 'Jobs · Kiln';
  }, []);
  return (
    <div class="page" data-testid="jobs-page" data-state={list.state}>
      <div class="page-head">
        <h1>Jobs</h1>
        {list.items.length > 0 && <span class="muted">{plural(list.items.length, 'job')}</span>}
        <Segments
          label="Which jobs"
          value={archived ? 'archived' : 'current'}
          options={WHICH}
          onChange={show}
          testId="jobs-which"
          hideLabel
        />
      </div>
      {list.state === 'failed' && (
        <Notice kind="error" title="The jobs could not be fetched" code={list.error.code}>
          <p>{list.error.message}</p>
          <Button small icon="retry" onClick={() => void jobs.reload()}>
            Try again
          </Button>
        </Notice>
      )}
      {list.items.length === 0 && list.state === 'loading' && <Spinner label="Fetching the jobs" />}
      {list.items.length === 0 && list.state === 'ready' && archived && (
        <Empty icon="archive" title="Nothing is archived">
          <p>Jobs that are over can be put away here. Their frames stay.</p>
        </Empty>
      )}
      {list.items.length === 0 && list.state === 'ready' && !archived && (
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
          <Button onClick={() => void jobs.loadMore()}>Show {VIEWER_LIMITS.pageItems} more</Button>
        </div>
      )}
    </div>
  );
}

/** One job by its address, so that it can be sent to somebody. */
import { KilnError } from '@kiln/shared';
import { useEffect, useState } from 'preact/hooks';
import { Empty, Spinner } from '../design/notice.tsx';
import { useServices } from '../farm/farm-context.ts';
import { JobCard } from './job-card.tsx';

export function JobPage({ jobId }: { readonly jobId: string }) {
  const { farm } = useServices();
  const shown = [farm.jobs, farm.archivedJobs].flatMap(({ list }) => list.value.items);
  const job = shown.find(({ id }) => id === jobId);
  const [failure, setFailure] = useState<KilnError | null>(null);
  const missing = job === undefined;
  useEffect(() => {
    if (!missing) return;
    farm.client.getJob({ params: { jobId } }).then(
      (found) => farm.putJob(found),
      (error: unknown) => error instanceof KilnError && setFailure(error),
    );
  }, [farm, jobId, missing]);
  useEffect(() => {
    document.title = `${job?.name ?? 'Job'} · Kiln`;
  }, [job?.name]);
  const scene = farm.scenes.list.value.items.find(({ id }) => id === job?.sceneId);
  return (
    <div class="page" data-testid="job-page">
      {job ? (
        <JobCard key={job.id} job={job} heading="h1" open sceneName={scene?.name ?? 'the scene'} />
      ) : failure ? (
        <Empty icon="search" title={failure.status === 404 ? 'There is no such job' : 'The job could not be fetched'}>
          {failure.status !== 404 && <p>{failure.message}</p>}
          <a class="button button-plain" href="/jobs">
            To the jobs
          </a>
        </Empty>
      ) : (
        <Spinner label="Fetching the job" />
      )}
    </div>
  );
}

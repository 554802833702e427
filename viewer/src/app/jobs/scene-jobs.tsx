/** What was rendered of one scene. */
import { Empty, Notice, Spinner } from '../design/notice.tsx';
import { useServices } from '../farm/farm-context.ts';
import { JobCard } from './job-card.tsx';

export function SceneJobs({ sceneId }: { readonly sceneId: string }) {
  const { farm } = useServices();
  const list = farm.jobs.list.value;
  const jobs = list.items.filter((job) => job.sceneId === sceneId);
  return (
    <section class="scene-jobs" aria-labelledby="renders-title" data-testid="scene-jobs">
      <h2 id="renders-title" class="section-title">
        Renders
      </h2>
      {list.state === 'failed' && (
        <Notice kind="error" title="The jobs could not be fetched" code={list.error.code}>
          <p>{list.error.message}</p>
        </Notice>
      )}
      {jobs.length === 0 && list.state === 'loading' && <Spinner label="Fetching the jobs" />}
      {jobs.length === 0 && list.state === 'ready' && (
        <Empty icon="images" title="Nothing rendered yet">
          <p>Choose a camera and a size, and press Render. Frames appear here one by one.</p>
        </Empty>
      )}
      {jobs.map((job, index) => (
        <JobCard key={job.id} job={job} heading="h3" open={index === 0} />
      ))}
    </section>
  );
}

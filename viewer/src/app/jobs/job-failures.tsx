/** What went wrong in a job, and what comes of it. */
import { allPages, type Job, type Task } from '@kiln/shared';
import { useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Notice } from '../design/notice.tsx';
import { plural } from '../design/quantities.ts';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';

/** Failed tasks that are shown with their logs. */
const MOST_TASKS = 20;

export function JobFailures({ job }: { readonly job: Job }) {
  const { farm } = useServices();
  const last = farm.lastFailure(job.id).value;
  const [tasks, setTasks] = useState<readonly Task[] | null>(null);

  async function fetchTasks(): Promise<void> {
    const failed: Task[] = [];
    const params = { jobId: job.id };
    for await (const task of allPages((at) => farm.client.listTasks({ params, query: { ...at, limit: 1_000 } }))) {
      if (task.state === 'failed') failed.push(task);
      if (failed.length >= MOST_TASKS) break;
    }
    setTasks(failed);
  }

  async function retry(): Promise<void> {
    farm.putJob(await farm.client.retryJob({ params: { jobId: job.id }, body: {} }));
    setTasks(null);
  }

  if (job.error) {
    return (
      <Notice
        kind="error"
        title={`${plural(job.framesFailed, 'frame')} failed`}
        testId="job-error"
        code={job.error.code}
      >
        <p>{job.error.message}</p>
        {job.state !== 'cancelled' && (
          <Button small icon="retry" testId="job-retry-failed" onClick={() => retry().catch(toastError)}>
            Try again
          </Button>
        )}
        {tasks === null ? (
          <Button small testId="job-failures" onClick={() => fetchTasks().catch(toastError)}>
            Show what was tried
          </Button>
        ) : (
          <ul class="failures">
            {tasks.map((task) => (
              <FailedTask key={task.id} task={task} />
            ))}
          </ul>
        )}
      </Notice>
    );
  }
  if (last?.willRetry && (job.state === 'running' || job.state === 'queued')) {
    return (
      <Notice kind="warning" title={`Frame ${last.frameNumbers.join(', ')} is tried again`} testId="job-retry">
        <p>{last.message}</p>
      </Notice>
    );
  }
  return null;
}

function FailedTask({ task }: { readonly task: Task }) {
  return (
    <li>
      <p>
        Frame {task.frames.join(', ')}, {plural(task.attempts.length, 'try', 'tries')}
      </p>
      {task.attempts.map((attempt) => (
        <details key={attempt.id} class="group">
          <summary>
            Try {attempt.number} on {attempt.workerName}: {attempt.message ?? attempt.reason ?? attempt.state}
          </summary>
          {attempt.log.length > 0 && <pre class="log">{attempt.log.join('\n')}</pre>}
        </details>
      ))}
    </li>
  );
}

/** The frames of a job as thumbnails; each appears when it is finished. */
import { flagTexts, type Job } from '@kiln/shared';
import { useState } from 'preact/hooks';
import { VIEWER_LIMITS } from '../../limits.ts';
import { Button } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { Notice } from '../design/notice.tsx';
import { formatCount } from '../design/quantities.ts';
import { useServices } from '../farm/farm-context.ts';
import { versioned } from '../farm/versioned.ts';
import { FramePicture } from './frame-picture.tsx';
import { type FrameSlot, frameSlots } from './frame-slots.ts';
import { Lightbox } from './lightbox.tsx';

export function FrameGrid({ job }: { readonly job: Job }) {
  const { farm } = useServices();
  const frames = farm.frames(job.id);
  const list = frames.list.value;
  const [shown, setShown] = useState<number>(VIEWER_LIMITS.framesShown);
  const [viewed, setViewed] = useState<string | null>(null);
  const places = frameSlots(job, list.items, shown);
  // What was cancelled does not come any more.
  const slots = job.state === 'cancelled' ? places.filter(({ frame }) => frame !== null) : places;
  const hasMore = job.frameCount > shown && (job.state !== 'cancelled' || job.framesDone > slots.length);
  const size = job.layers[0]?.settings.size;

  function showMore(): void {
    setShown(shown + VIEWER_LIMITS.framesShown);
    if (list.state === 'ready' && list.hasMore && list.items.length < shown + VIEWER_LIMITS.framesShown) {
      void frames.loadMore();
    }
  }

  return (
    <>
      {list.state === 'failed' && (
        <Notice kind="error" title="The frames could not be fetched" code={list.error.code}>
          <p>{list.error.message}</p>
          <Button small icon="retry" onClick={() => void frames.reload()}>
            Try again
          </Button>
        </Notice>
      )}
      <ul
        class="frame-grid"
        style={{ '--frame-aspect': size ? `${size.widthPx} / ${size.heightPx}` : '16 / 9' }}
        data-testid="frame-grid"
      >
        {slots.map((slot) => (
          <FrameTile key={slot.key} job={job} slot={slot} onOpen={() => setViewed(slot.key)} />
        ))}
      </ul>
      {hasMore && (
        <div class="more">
          <Button small onClick={showMore}>
            Show more of {formatCount(job.frameCount)} frames
          </Button>
        </div>
      )}
      {viewed !== null && (
        <Lightbox job={job} slots={slots} viewed={viewed} onView={setViewed} onClose={() => setViewed(null)} />
      )}
    </>
  );
}

function FrameTile({
  job,
  slot,
  onOpen,
}: {
  readonly job: Job;
  readonly slot: FrameSlot;
  readonly onOpen: () => void;
}) {
  const { farm } = useServices();
  const { frame, frameNumber, layer } = slot;
  const name = job.layers.length > 1 ? `${layer} ${frameNumber}` : String(frameNumber);
  if (!frame) {
    return (
      <li class="frame frame-waiting" data-testid="frame-waiting" data-frame-number={frameNumber}>
        <div class="frame-picture">{job.state === 'failed' && <Icon name="warning" size={20} />}</div>
        <span class="frame-number mono">{job.state === 'failed' ? `${name} failed` : name}</span>
      </li>
    );
  }
  const url = versioned(farm.client.urls.frame(frame), frame.sha256);
  return (
    <li class="frame" data-testid="frame" data-frame-number={frameNumber} data-layer={layer}>
      <button
        type="button"
        class="frame-picture"
        aria-label={`Show frame ${name} large`}
        data-testid="frame-thumbnail"
        data-frame-number={frameNumber}
        onClick={onOpen}
      >
        <FramePicture job={job} frame={frame} url={url} />
      </button>
      {frame.flags.length > 0 && (
        <span class="frame-flag" data-testid="frame-flag" data-flags={frame.flags.join(' ')}>
          <Icon name="warning" size={12} />
          {flagTexts(frame).join(', ')}
        </span>
      )}
      <span class="frame-number mono">{name}</span>
      <a
        class="frame-download"
        href={url}
        download={frame.fileName}
        aria-label={`Download frame ${name}`}
        data-testid="frame-download"
        data-frame-number={frameNumber}
      >
        <Icon name="download" size={14} />
      </a>
    </li>
  );
}

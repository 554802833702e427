import { type Frame, IMAGE_FORMATS, isGridded, type Job } from '@kiln/shared';
import { Icon } from '../design/icon.tsx';

/** A frame as a picture; as the name of its format where browsers do not show it, and its size where they hardly can. */
export function FramePicture({
  job,
  frame,
  url,
  alt = '',
  testId,
}: {
  readonly job: Job;
  readonly frame: Frame;
  readonly url: string;
  /** Empty where a text beside it says the same. */
  readonly alt?: string;
  readonly testId?: string;
}) {
  const format = Object.values(IMAGE_FORMATS).find(({ mediaType }) => mediaType === frame.mediaType);
  const settings = job.layers.find(({ name }) => name === frame.layer)?.settings;
  const isLarge = settings !== undefined && isGridded(settings);
  if (isLarge || format?.isForBrowsers === false) {
    const why = isLarge ? 'too large to be shown: download it' : 'which browsers do not show';
    return (
      <span class="frame-unseen" data-testid="frame-unseen">
        <Icon name="file" size={20} />
        {format?.name}
        {isLarge && ` ${settings.size.widthPx} × ${settings.size.heightPx}`}
        <span class="visually-hidden">, {why}</span>
      </span>
    );
  }
  return <img src={url} alt={alt} loading="lazy" decoding="async" data-testid={testId} />;
}

import { type Frame, IMAGE_FORMATS, isGridded, type Job } from '@kiln/shared';
import { Icon } from '../design/icon.tsx';
import { useServices } from '../farm/farm-context.ts';
import { versioned } from '../farm/versioned.ts';

/**
 * A frame as a picture; a small one with its size where browsers hardly can show it, the name of its format where they
 * do not.
 */
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
  const { farm } = useServices();
  const preview = versioned(farm.client.urls.framePreview(frame), frame.preview?.sha256);
  const format = Object.values(IMAGE_FORMATS).find(({ mediaType }) => mediaType === frame.mediaType);
  const settings = job.layers.find(({ name }) => name === frame.layer)?.settings;
  const isLarge = settings !== undefined && isGridded(settings) && format?.isStreamed === true;
  if (isLarge && frame.preview) {
    const { widthPx, heightPx } = settings.size;
    return (
      <span class="frame-preview">
        <img src={preview} alt={alt} loading="lazy" decoding="async" data-testid={testId ?? 'frame-preview'} />
        <span class="frame-preview-note" data-testid="frame-preview-size">
          {format.name} {widthPx} × {heightPx}
          <span class="visually-hidden">, shown small: download it</span>
        </span>
      </span>
    );
  }
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

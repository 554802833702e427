import { type Frame, IMAGE_FORMATS } from '@kiln/shared';
import { Icon } from '../design/icon.tsx';

/** A frame as a picture; as the name of its format where browsers do not show it. */
export function FramePicture({
  frame,
  url,
  alt = '',
  testId,
}: {
  readonly frame: Frame;
  readonly url: string;
  /** Empty where a text beside it says the same. */
  readonly alt?: string;
  readonly testId?: string;
}) {
  const format = Object.values(IMAGE_FORMATS).find(({ mediaType }) => mediaType === frame.mediaType);
  if (format?.isForBrowsers === false) {
    return (
      <span class="frame-unseen" data-testid="frame-unseen">
        <Icon name="file" size={20} />
        {format.name}
        <span class="visually-hidden">, which browsers do not show</span>
      </span>
    );
  }
  return <img src={url} alt={alt} loading="lazy" decoding="async" data-testid={testId} />;
}

/** One frame, large; the arrow keys go through the finished ones. */
import { BACKEND_NAMES, type Frame, flagTexts, type Job, type Pass, samplingText } from '@kiln/shared';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Segments } from '../design/field.tsx';
import { Icon } from '../design/icon.tsx';
import { PASS_TEXT } from '../design/pass-text.ts';
import { formatBytes, formatMs } from '../design/quantities.ts';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';
import { versioned } from '../farm/versioned.ts';
import { FramePicture } from './frame-picture.tsx';
import type { FrameSlot } from './frame-slots.ts';

export function Lightbox({
  job,
  slots,
  viewed,
  onView,
  onClose,
}: {
  readonly job: Job;
  readonly slots: readonly FrameSlot[];
  readonly viewed: string;
  readonly onView: (key: string) => void;
  readonly onClose: () => void;
}) {
  const { farm } = useServices();
  const dialog = useRef<HTMLDialogElement>(null);
  const [actualSize, setActualSize] = useState(false);
  const [pass, setPass] = useState<Pass | null>(null);
  useEffect(() => dialog.current?.showModal(), []);

  const finished = slots.filter(({ frame }) => frame !== null);
  const index = finished.findIndex(({ key }) => key === viewed);
  const frame = finished[index]?.frame;
  const go = (step: number) => {
    const next = finished[index + step];
    if (next) onView(next.key);
  };
  if (!frame) return null;
  const file = frame.files.find((one) => one.pass === pass) ?? frame.files[0];
  if (!file) return null;
  async function redraw(shown: Frame): Promise<void> {
    const { layer, frameNumber } = shown;
    await farm.client.retryJob({ params: { jobId: job.id }, body: { frames: String(frameNumber), layer, done: true } });
    dialog.current?.close();
  }
  const url = versioned(farm.client.urls.frameFile(frame, file), file.sha256);
  const saveAs = file.path.replace('/', '-');
  return (
    <dialog
      ref={dialog}
      class="lightbox"
      aria-label={`Frame ${frame.frameNumber} of ${job.name}`}
      data-testid="lightbox"
      data-frame-number={frame.frameNumber}
      onClose={onClose}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') go(-1);
        if (event.key === 'ArrowRight') go(1);
      }}
    >
      <header class="lightbox-head">
        <h2 class="mono">{file.path}</h2>
        <span class="lightbox-meta">{frameFacts(frame, file.sizeBytes)}</span>
        <div class="lightbox-actions">
          {frame.files.length > 1 && (
            <Segments
              label="Pass"
              hideLabel
              value={file.pass ?? 'beauty'}
              options={frame.files.flatMap(({ pass: value }) => (value ? [{ value, label: PASS_TEXT[value] }] : []))}
              onChange={setPass}
              testId="lightbox-passes"
            />
          )}
          <Button
            kind="quiet"
            icon="search"
            label="Actual size"
            pressed={actualSize}
            onClick={() => setActualSize(!actualSize)}
          />
          {job.state !== 'cancelled' && (
            <Button
              kind="quiet"
              icon="retry"
              label="Draw again"
              testId="lightbox-redraw"
              onClick={() => redraw(frame).catch(toastError)}
            />
          )}
          <a
            class="button button-quiet button-icon"
            href={url}
            download={saveAs}
            aria-label={`Download ${file.path}`}
            data-testid="lightbox-download"
          >
            <Icon name="download" />
          </a>
          <Button kind="quiet" icon="x" label="Close" testId="lightbox-close" onClick={() => dialog.current?.close()} />
        </div>
      </header>
      <div class={`lightbox-picture${actualSize ? ' lightbox-actual' : ''}`}>
        <FramePicture job={job} frame={frame} url={url} alt={`Frame ${frame.frameNumber}`} testId="lightbox-image" />
      </div>
      <div class="lightbox-step lightbox-previous">
        <Button
          class="button-glass"
          icon="chevron-left"
          label="Previous frame"
          disabled={index <= 0}
          onClick={() => go(-1)}
        />
      </div>
      <div class="lightbox-step lightbox-next">
        <Button
          class="button-glass"
          icon="chevron-right"
          label="Next frame"
          disabled={index >= finished.length - 1}
          onClick={() => go(1)}
        />
      </div>
    </dialog>
  );
}

function frameFacts(frame: Frame, sizeBytes: number): string {
  const { stages } = frame;
  const facts = [
    formatBytes(sizeBytes),
    `drawn in ${formatMs(stages.draw.durationMs)}${stages.draw.backend ? ` with ${BACKEND_NAMES[stages.draw.backend]}` : ''}`,
    ...(stages.draw.sampling ? [samplingText(stages.draw.sampling)] : []),
    `encoded in ${formatMs(stages.encode.durationMs)}`,
  ];
  return [...facts, ...flagTexts(frame)].join(' · ');
}

/** One upload: what is being done, how far it is, and what can be done about it. */
import { assetKindOf } from '@kiln/shared';
import { useState } from 'preact/hooks';
import { isHopeless, progressOf, type UploadFile, type UploadSnapshot } from '../../upload/upload-state.ts';
import { Button } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { Notice } from '../design/notice.tsx';
import { Progress } from '../design/progress.tsx';
import { formatBytes, formatCount, formatDuration, plural } from '../design/quantities.ts';
import { EntryChoice } from './entry-choice.tsx';
import type { UploadItem } from './uploads.ts';

export function UploadCard({ item, onDismiss }: { readonly item: UploadItem; readonly onDismiss: () => void }) {
  const snapshot = item.snapshot.value;
  const { phase } = snapshot;
  if (phase.phase === 'cancelled') return null;
  const over = phase.phase === 'ready' || isHopeless(phase);
  return (
    <article
      class="upload-card"
      data-testid="upload"
      data-state={phase.phase}
      data-scene-id={snapshot.sceneId ?? undefined}
      aria-label={`Upload of ${snapshot.name || 'a scene'}`}
    >
      <header class="upload-head">
        <Icon name={phase.phase === 'ready' ? 'check' : 'box'} size={18} />
        <h2 class="upload-name">{snapshot.name || 'New scene'}</h2>
        <Button
          kind="quiet"
          small
          icon="x"
          label={over ? 'Dismiss' : 'Cancel the upload'}
          testId={over ? 'upload-dismiss' : 'upload-cancel'}
          onClick={over ? onDismiss : item.cancel}
        />
      </header>
      <UploadBody snapshot={snapshot} item={item} />
    </article>
  );
}

/** An environment or a look-up table. */
const isAsset = ({ files }: UploadSnapshot) => files.length === 1 && assetKindOf(files[0]?.path ?? '') !== null;

function UploadBody({ snapshot, item }: { readonly snapshot: UploadSnapshot; readonly item: UploadItem }) {
  const { phase, files } = snapshot;
  switch (phase.phase) {
    case 'choosing':
      return <EntryChoice candidates={phase.candidates} onChoose={item.choose} onCancel={item.cancel} />;
    case 'refused':
      return (
        <Notice
          kind="error"
          title={isAsset(snapshot) ? 'This file cannot be used' : 'This scene cannot be rendered'}
          testId="upload-error"
          code={phase.refusal.code}
        >
          <p>{phase.refusal.message}</p>
          {phase.refusal.pointer && <p class="notice-place">at {phase.refusal.pointer}</p>}
        </Notice>
      );
    case 'failed':
      return (
        <>
          <Notice
            kind="error"
            title={phase.canRetry ? 'The upload was interrupted' : 'This does not work'}
            testId="upload-error"
            code={phase.code}
          >
            <p>{phase.message}</p>
          </Notice>
          {phase.canRetry && (
            <div class="upload-actions">
              <Button small kind="primary" icon="retry" testId="upload-retry" onClick={item.resume}>
                Go on
              </Button>
            </div>
          )}
        </>
      );
    case 'ready':
      if (isAsset(snapshot)) {
        return <p class="muted">Ready for scenes to be rendered with: it is among the fields of a scene’s look.</p>;
      }
      return (
        <div class="upload-done">
          <p class="muted">Ready to look at and to render.</p>
          <a class="button button-primary button-small" href={`/scenes/${phase.sceneId}`} data-testid="upload-open">
            Open
          </a>
        </div>
      );
    default:
      return (
        <>
          <p class="upload-line" role="status">
            {statusText(snapshot)}
          </p>
          <Progress
            value={progressOf(snapshot)}
            label="Upload"
            state={phase.phase === 'paused' ? 'paused' : 'active'}
          />
          <UploadFooter snapshot={snapshot} item={item} />
          {files.length > 1 && <FileList files={files} hashing={phase.phase === 'hashing'} />}
        </>
      );
  }
}

function UploadFooter({ snapshot, item }: { readonly snapshot: UploadSnapshot; readonly item: UploadItem }) {
  const { phase } = snapshot;
  if (phase.phase !== 'uploading' && phase.phase !== 'paused') return null;
  return (
    <div class="upload-actions">
      <span class="upload-speed">{speedText(snapshot)}</span>
      {phase.phase === 'paused' ? (
        <Button small icon="play" testId="upload-resume" onClick={item.resume}>
          Resume
        </Button>
      ) : (
        <Button small icon="pause" testId="upload-pause" onClick={item.pause}>
          Pause
        </Button>
      )}
    </div>
  );
}

const sum = (files: readonly UploadFile[], part: (file: UploadFile) => number) =>
  files.reduce((total, file) => total + part(file), 0);

function statusText({ phase, files }: UploadSnapshot): string {
  const here = files.filter(({ alreadyThere }) => alreadyThere).length;
  const hereText = here === 0 ? '' : ` ${formatCount(here)} of ${plural(files.length, 'file')} are here already.`;
  switch (phase.phase) {
    case 'reading':
      return 'Reading the files …';
    case 'hashing':
      return `Looking at ${plural(files.length, 'file')} …`;
    case 'announcing':
      return 'Asking the farm what it has already …';
    case 'uploading':
      return phase.stalled ? 'The line is cut. Trying again; what has arrived is kept.' : `Sending.${hereText}`;
    case 'paused':
      return `Paused.${hereText}`;
    case 'checking':
      return `A worker is checking the scene …${hereText}`;
    default:
      return '';
  }
}

function speedText({ files, bytesPerSec }: UploadSnapshot): string {
  const total = sum(files, ({ sizeBytes }) => sizeBytes);
  const sent = sum(files, ({ sentBytes }) => sentBytes);
  const amount = `${formatBytes(sent)} of ${formatBytes(total)}`;
  if (!bytesPerSec) return amount;
  return `${amount} · ${formatBytes(bytesPerSec)}/s · ${formatDuration(((total - sent) / bytesPerSec) * 1_000)} left`;
}

function FileList({ files, hashing }: { readonly files: readonly UploadFile[]; readonly hashing: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="upload-files" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{plural(files.length, 'file')}</summary>
      {open && (
        <ul>
          {files.map(({ path, sizeBytes, hashedBytes, sentBytes, alreadyThere }) => (
            <li key={path} class="upload-file">
              <span class="upload-file-path" title={path}>
                {path}
              </span>
              <span class="upload-file-size">{alreadyThere ? 'here already' : formatBytes(sizeBytes)}</span>
              <Progress
                label={path}
                value={sizeBytes === 0 ? 1 : (hashing ? hashedBytes : sentBytes) / sizeBytes}
                state={alreadyThere || sentBytes === sizeBytes ? 'done' : 'active'}
              />
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

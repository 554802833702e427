/** Records what the live view shows and where its camera goes, plays it, and hands it on to be kept or rendered. */
import { cameraPathOf, type PosePath } from '@kiln/shared';
import { useEffect, useState } from 'preact/hooks';
import type { LiveViewport } from '../../live/live-viewport.ts';
import { Button } from '../design/button.tsx';
import { formatBytes, formatDuration, plural } from '../design/quantities.ts';
import { toast } from '../design/toasts.tsx';
import { framesOfPath } from './camera-choice.ts';
import { recordedSettings } from './recorded-settings.ts';
import type { SceneModel } from './scene-model.ts';

type Recording =
  | { readonly state: 'none' }
  | { readonly state: 'runs'; readonly sinceMs: number }
  | { readonly state: 'is-there'; readonly path: PosePath; readonly plays: boolean; readonly isFull: boolean };

/** How often the time of a recording that runs is told. */
const TELL_MS = 250;

export interface RecordingControl {
  readonly recording: Recording;
  /** Begins to record, or ends it. */
  toggle(): void;
  play(): void;
  drop(): void;
}

export function useRecording(model: SceneModel): RecordingControl {
  const [recording, setRecording] = useState<Recording>({ state: 'none' });
  const view = model.viewport.value;
  useEffect(() => {
    setRecording({ state: 'none' });
    if (!view) return;
    const undo = [
      view.on('played', () => setRecording((now) => (now.state === 'is-there' ? { ...now, plays: false } : now))),
      view.on('recorded', () => stop(view, true)),
    ];
    return () => {
      for (const dispose of undo) dispose();
    };
  }, [view]);

  function stop(from: LiveViewport | null, isFull: boolean): void {
    const path = from?.stopRecording() ?? null;
    setRecording(path ? { state: 'is-there', path, plays: false, isFull } : { state: 'none' });
  }

  function toggle(): void {
    if (recording.state !== 'runs') {
      view?.startRecording();
      setRecording({ state: 'runs', sinceMs: performance.now() });
      return;
    }
    stop(view, false);
  }

  function play(): void {
    if (recording.state !== 'is-there') return;
    if (recording.plays) {
      view?.stopPath();
      return;
    }
    model.play(false);
    view?.playPath(recording.path);
    setRecording({ ...recording, plays: true });
  }

  function drop(): void {
    view?.stopPath();
    setRecording({ state: 'none' });
  }

  return { recording, toggle, play, drop };
}

export function RecordButton({ control }: { readonly control: RecordingControl }) {
  const runs = control.recording.state === 'runs';
  return (
    <Button
      class={`button-glass${runs ? ' record-runs' : ''}`}
      icon={runs ? 'stop' : 'record'}
      label={runs ? 'Stop recording' : 'Record this view'}
      pressed={runs}
      testId="record"
      onClick={control.toggle}
    />
  );
}

interface RecordingBarProps {
  readonly control: RecordingControl;
  readonly model: SceneModel;
  /** Of the file. */
  readonly name: string;
}

export function RecordingBar({ control, model, name }: RecordingBarProps) {
  const { recording } = control;
  if (recording.state === 'none') return null;
  if (recording.state === 'runs') {
    return (
      <div class="recording" role="status" data-testid="recording-runs">
        <span class="record-dot" aria-hidden="true" />
        Recording <Elapsed sinceMs={recording.sinceMs} />
      </div>
    );
  }
  const { path, plays, isFull } = recording;
  const text = JSON.stringify(path);

  function render(): void {
    const camera = cameraPathOf(path);
    const recorded = recordedSettings(path);
    if (recorded) model.change(recorded.settings);
    model.changePath(camera);
    model.pickCamera({ kind: 'path' });
    // All of it, whatever frames were chosen before.
    const frames = framesOfPath(camera, model.form.peek().fps);
    if (frames !== null) model.change({ frames });
    const keys = plural(camera.path.length, 'key');
    const all = `The render follows the recording from its beginning to its end, by ${keys}, with what it showed`;
    const changes = recorded?.changes ?? 0;
    toast(changes === 0 ? `${all}.` : `${all} at its end: it has ${plural(changes, 'change')}, and a render one look.`);
  }

  function download(): void {
    const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${name}-session.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  return (
    <section class="recording" aria-label="Recording" data-testid="recording">
      <span class="recording-text">
        {formatDuration(path.poses.at(-1)?.atMs ?? 0)} · {formatBytes(text.length)}
      </span>
      {isFull && (
        <span class="recording-text" role="status" data-testid="recording-full">
          It ended here: a recording holds no more.
        </span>
      )}
      <Button
        small
        class="button-glass"
        icon={plays ? 'stop' : 'play'}
        testId="recording-play"
        disabled={!model.drives.value}
        onClick={control.play}
      >
        {plays ? 'Stop' : 'Play'}
      </Button>
      <Button small class="button-glass" icon="download" testId="recording-download" onClick={download}>
        Download
      </Button>
      <Button small class="button-glass" icon="camera" testId="recording-render" onClick={render}>
        Render along it
      </Button>
      <Button
        small
        class="button-glass"
        icon="x"
        label="Discard the recording"
        testId="recording-drop"
        onClick={control.drop}
      />
    </section>
  );
}

function Elapsed({ sinceMs }: { readonly sinceMs: number }) {
  const [nowMs, setNowMs] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), TELL_MS);
    return () => clearInterval(timer);
  }, []);
  // Whoever listens hears that it records, not every second of it.
  return <span aria-hidden="true">{Math.max(0, (nowMs - sinceMs) / 1_000).toFixed(0)} s</span>;
}

/** A camera's path: keys that are added where the live view looks from, or come as the JSON that the command line reads. */
import type { PathKey } from '@kiln/shared';
import { useRef, useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Segments } from '../design/field.tsx';
import {
  framesOfPath,
  keyAt,
  keyFrame,
  newKeyFrame,
  pathOfText,
  textFault,
  textOfPath,
  withKey,
  withKeyAt,
} from './camera-choice.ts';
import type { SceneModel } from './scene-model.ts';

export function PathFields({ model }: { readonly model: SceneModel }) {
  const { path, fps } = model.form.value;
  const view = model.live.value.phase === 'closed' ? null : model.camera();

  function addKey(): void {
    const now = model.camera();
    if (!now) return;
    const frame = newKeyFrame(path, Math.round(model.frame.value), fps);
    model.changePath(withKey(path, keyAt(frame, now, path), fps));
    model.seek(frame);
  }

  return (
    <>
      {path.path.length > 0 && (
        <ol class="path-keys" data-testid="path-keys" data-count={path.path.length}>
          {path.path.map((key, index) => (
            <KeyRow key={`${index} ${JSON.stringify(key.position)}`} model={model} pathKey={key} index={index} />
          ))}
        </ol>
      )}
      <Button small icon="plus" testId="path-add" disabled={view === null} onClick={addKey}>
        Add a key at the current view
      </Button>
      {path.path.length > 1 && (
        <Segments
          label="Between keys"
          value={path.interpolation ?? 'smooth'}
          options={[
            { value: 'smooth', label: 'Smooth' },
            { value: 'linear', label: 'Straight' },
          ]}
          onChange={(interpolation) => model.changePath({ ...path, interpolation })}
          testId="path-interpolation"
        />
      )}
      <PathText key={JSON.stringify(path)} model={model} />
    </>
  );
}

interface KeyRowProps {
  readonly model: SceneModel;
  readonly pathKey: PathKey;
  readonly index: number;
}

function KeyRow({ model, pathKey, index }: KeyRowProps) {
  const { path, fps } = model.form.value;
  const frame = Number(keyFrame(pathKey, fps).toFixed(3));

  function move(frameNumber: number): void {
    if (!Number.isFinite(frameNumber) || frameNumber === frame) return;
    const { frame: _, timeSec: __, ...camera } = pathKey;
    model.changePath(withKey(withKeyAt(path, index, null), { ...camera, frame: frameNumber }, fps));
  }

  function retake(): void {
    const now = model.camera();
    if (now) model.changePath(withKeyAt(path, index, keyAt(frame, now, path)));
  }

  return (
    <li class="path-key">
      <label class="path-key-frame">
        <span class="muted">Frame</span>
        <input
          class="input"
          type="number"
          value={frame}
          aria-label={`Frame of key ${index + 1}`}
          data-testid="path-key-frame"
          onChange={({ currentTarget }) => move(currentTarget.valueAsNumber)}
        />
      </label>
      <Button
        kind="quiet"
        small
        icon="eye"
        label={`Look from key ${index + 1}`}
        testId="path-key-look"
        onClick={() => model.seek(Math.round(frame))}
      />
      <Button
        kind="quiet"
        small
        icon="camera"
        label={`Put key ${index + 1} at the current view`}
        testId="path-key-retake"
        onClick={retake}
      />
      <Button
        kind="quiet"
        small
        icon="trash"
        label={`Remove key ${index + 1}`}
        testId="path-key-remove"
        onClick={() => model.changePath(withKeyAt(path, index, null))}
      />
    </li>
  );
}

/** The path as text, to copy, paste and load. */
function PathText({ model }: { readonly model: SceneModel }) {
  const { path, fps } = model.form.value;
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(() => (path.path.length > 0 ? textOfPath(path) : ''));
  const [fault, setFault] = useState<string | null>(null);

  function take(entered: string): void {
    setText(entered);
    const wrong = textFault(entered, fps);
    setFault(wrong);
    if (wrong === null) model.changePath(pathOfText(entered, fps));
  }

  return (
    <details class="group group-inner" open={fault !== null} data-testid="path-as-text">
      <summary>As text</summary>
      <div class="section-body">
        <textarea
          class="input input-text mono"
          rows={6}
          spellcheck={false}
          aria-label="The path as JSON"
          aria-invalid={fault !== null}
          placeholder={'[{ "frame": 0, "position": [4, 1, 4], "target": [0, 0, 0], "fovDeg": 40 }, …]'}
          value={text}
          data-testid="path-text"
          onChange={({ currentTarget }) => take(currentTarget.value)}
        />
        {fault !== null && (
          <p class="field-fault" role="alert" data-testid="path-text-fault">
            {fault}
          </p>
        )}
        <Button small icon="upload" testId="path-load" onClick={() => input.current?.click()}>
          Load a .json file
        </Button>
        <input
          ref={input}
          class="visually-hidden"
          type="file"
          accept=".json,application/json"
          tabIndex={-1}
          aria-label="File: camera path"
          data-testid="path-input"
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            currentTarget.value = '';
            if (file && file.size <= PATH_FILE_BYTES) void file.text().then(take);
            else if (file) setFault(`A camera path has at most ${PATH_FILE_BYTES.toLocaleString('en')} bytes.`);
          }}
        />
        <p class="field-hint">
          {framesOfPath(path, fps) === null ? 'As' : 'The same as'} a file of kiln render --camera-path.
        </p>
      </div>
    </details>
  );
}

/** 256 keys have some 40 kB. */
const PATH_FILE_BYTES = 1_000_000;

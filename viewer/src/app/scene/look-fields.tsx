/** What the live view and the render share: camera, exposure, tone mapping, background. */
import type { ImportReport } from '@kiln/shared';
import { useId } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Segments, SelectField } from '../design/field.tsx';
import type { CameraPick, FormField } from './render-form.ts';
import type { SceneModel } from './scene-model.ts';

interface LookFieldsProps {
  readonly report: ImportReport;
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}

/** Names of a scene's cameras may be anything, `auto` too: with a prefix they are apart. */
const SCENE_CAMERA = 'scene:';

const pickText = (pick: CameraPick) => (pick.kind === 'scene' ? SCENE_CAMERA + pick.name : pick.kind);

function pickOf(text: string): CameraPick {
  if (text.startsWith(SCENE_CAMERA)) return { kind: 'scene', name: text.slice(SCENE_CAMERA.length) };
  return text === 'current' ? { kind: 'current' } : { kind: 'auto' };
}

export function LookFields({ report, model, faults }: LookFieldsProps) {
  const form = model.form.value;
  const names = [...new Set(report.cameras.map(({ name }) => name))];
  return (
    <>
      <SelectField
        label="Camera"
        value={pickText(form.camera)}
        groups={[
          {
            options: [
              { value: 'auto', label: 'Automatic' },
              { value: 'current', label: 'Current view' },
            ],
          },
          ...(names.length > 0
            ? [
                {
                  name: 'In the scene',
                  options: names.map((name) => ({ value: SCENE_CAMERA + name, label: name || 'Unnamed camera' })),
                },
              ]
            : []),
        ]}
        onChange={(text) => model.pickCamera(pickOf(text))}
        fault={faults.camera}
        testId="camera-select"
      />
      <Exposure model={model} />
      <SelectField
        label="Tone mapping"
        value={form.toneMapping}
        groups={[
          {
            options: [
              { value: 'neutral', label: 'Neutral (Khronos PBR)' },
              { value: 'agx', label: 'AgX' },
              { value: 'aces', label: 'ACES' },
              { value: 'none', label: 'None' },
            ],
          },
        ]}
        onChange={(toneMapping) => model.change({ toneMapping })}
        testId="tone-mapping"
      />
      <Segments
        label="Background"
        value={form.background}
        options={[
          { value: 'neutral', label: 'Grey' },
          { value: 'environment', label: 'Surroundings' },
          { value: 'transparent', label: 'None' },
        ]}
        onChange={(background) => model.change({ background })}
        testId="background"
      />
      {faults.background && (
        <p class="field-fault" role="alert">
          {faults.background}
        </p>
      )}
    </>
  );
}

const RANGE_EV = 5;
const percent = (ev: number) => ((ev + RANGE_EV) / (2 * RANGE_EV)) * 100;

function Exposure({ model }: { readonly model: SceneModel }) {
  const id = useId();
  const { exposureEv } = model.form.value;
  const text = `${exposureEv > 0 ? '+' : exposureEv < 0 ? '−' : ''}${Math.abs(exposureEv).toFixed(1)} EV`;
  return (
    <div class="field">
      <div class="field-line">
        <label class="field-label" for={id}>
          Exposure
        </label>
        <span class="field-value mono">{text}</span>
        {exposureEv !== 0 && (
          <Button
            kind="quiet"
            small
            icon="retry"
            label="Exposure back to 0"
            onClick={() => model.change({ exposureEv: 0 })}
          />
        )}
      </div>
      <input
        id={id}
        class="slider"
        type="range"
        min={-RANGE_EV}
        max={RANGE_EV}
        step={0.1}
        value={exposureEv}
        aria-valuetext={text}
        style={{
          '--fill-from': `${percent(Math.min(0, exposureEv))}%`,
          '--fill-to': `${percent(Math.max(0, exposureEv))}%`,
        }}
        data-testid="exposure"
        onInput={({ currentTarget }) => model.change({ exposureEv: currentTarget.valueAsNumber })}
      />
    </div>
  );
}

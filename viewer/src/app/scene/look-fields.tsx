/** What lights the scene, what stands behind it, and how light becomes a picture. */
import {
  type Background,
  ENVIRONMENT_NAMES,
  ENVIRONMENTS,
  type EnvironmentName,
  type ImportReport,
  isDisplayColor,
  SCENE_ENVIRONMENT,
  type Sun,
} from '@kiln/shared';
import { ColorField, Segments, SelectField } from '../design/field.tsx';
import { Slider } from '../design/slider.tsx';
import { Switch } from '../design/switch.tsx';
import { AssetField } from './asset-field.tsx';
import type { FormField } from './form-faults.ts';
import type { SceneModel } from './scene-model.ts';

interface LookFieldsProps {
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}

export function LightFields({ report, model, faults }: LookFieldsProps & { readonly report: ImportReport }) {
  const form = model.form.value;
  return (
    <>
      <Environment report={report} model={model} />
      <Slider
        label="Exposure"
        value={form.exposureEv}
        text={`${signed(form.exposureEv, 1)} EV`}
        min={-5}
        max={5}
        step={0.1}
        rest={0}
        onChange={(exposureEv) => model.change({ exposureEv })}
        testId="exposure"
      />
      <BackgroundFields model={model} />
      {form.background === 'environment' && (
        <Slider
          label="Background blur"
          value={form.backgroundBlur}
          text={`${Math.round(form.backgroundBlur * 100)} %`}
          min={0}
          max={1}
          step={0.05}
          rest={0.35}
          onChange={(backgroundBlur) => model.change({ backgroundBlur })}
          testId="background-blur"
        />
      )}
      {faults.background && (
        <p class="field-fault" role="alert">
          {faults.background}
        </p>
      )}
      <Switch
        label="Shadow on the ground"
        isOn={form.catchesShadow}
        onChange={(catchesShadow) => model.change({ catchesShadow })}
        testId="shadow-catcher"
      />
      {faults.shadowCatcher && (
        <p class="field-fault" role="alert" data-testid="shadow-catcher-fault">
          {faults.shadowCatcher}
        </p>
      )}
    </>
  );
}

export function ColorFields({ model }: Pick<LookFieldsProps, 'model'>) {
  const form = model.form.value;
  return (
    <>
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
      <AssetField
        kind="lut"
        label="Look-up table"
        value={form.lut ?? 'none'}
        groups={[{ options: [{ value: 'none', label: 'None' }] }]}
        onChange={(choice) => model.change({ lut: choice === 'none' ? null : choice })}
        testId="lut"
      />
    </>
  );
}

const signed = (value: number, digits: number) =>
  `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value).toFixed(digits)}`;

/** The colour that is offered first. */
const FIRST_COLOR = '#ffffff';

function BackgroundFields({ model }: { readonly model: SceneModel }) {
  const { background } = model.form.value;
  const color = isDisplayColor(background) ? background : null;
  return (
    <>
      <Segments
        label="Background"
        value={color ? 'color' : background}
        options={[
          { value: 'neutral', label: 'Grey' },
          { value: 'environment', label: 'Scenery' },
          { value: 'color', label: 'Colour' },
          { value: 'transparent', label: 'None' },
        ]}
        onChange={(choice) => model.change({ background: choice === 'color' ? FIRST_COLOR : (choice as Background) })}
        testId="background"
      />
      {color && (
        <ColorField
          label="Background colour"
          value={color}
          onChange={(chosen) => model.change({ background: chosen as Background })}
          testId="background-picker"
        />
      )}
    </>
  );
}

/** Stands among the environments. */
const SUN = 'sun-and-sky';
const FIRST_SUN: Sun = { elevationDeg: 40, azimuthDeg: 135, turbidity: 3 };

/** What lights the scene from all around. */
function Environment({ report, model }: { readonly report: ImportReport; readonly model: SceneModel }) {
  const { environment, environmentRotationDeg, environmentIntensity, sun } = model.form.value;
  const isLit = sun !== null || environment !== 'none';
  return (
    <>
      <AssetField<EnvironmentName | typeof SCENE_ENVIRONMENT | typeof SUN>
        kind="environment"
        label="Environment"
        value={sun ? SUN : environment}
        groups={[
          ...(report.environment ? [OWN] : []),
          { name: 'Plain', options: [...PLAIN.map(environmentOption), { value: SUN, label: 'Sun and sky' }] },
          { name: 'Places', options: PLACES.map(environmentOption) },
        ]}
        onChange={(choice) => model.change(choice === SUN ? { sun: FIRST_SUN } : { environment: choice, sun: null })}
        testId="environment"
      />
      {sun && <SunFields sun={sun} onChange={(part) => model.change({ sun: { ...sun, ...part } })} />}
      {isLit && (
        <Slider
          label="Environment light"
          value={environmentIntensity}
          text={`× ${environmentIntensity.toFixed(2)}`}
          min={0}
          max={4}
          step={0.05}
          rest={1}
          onChange={(intensity) => model.change({ environmentIntensity: intensity })}
          testId="environment-intensity"
        />
      )}
      {isLit && !sun && environment !== 'white' && (
        <Slider
          label="Environment rotation"
          value={environmentRotationDeg}
          text={`${signed(environmentRotationDeg, 0)}°`}
          min={-180}
          max={180}
          step={5}
          rest={0}
          onChange={(rotation) => model.change({ environmentRotationDeg: rotation })}
          testId="environment-rotation"
        />
      )}
    </>
  );
}

function SunFields({ sun, onChange }: { readonly sun: Sun; readonly onChange: (part: Partial<Sun>) => void }) {
  return (
    <>
      <Slider
        label="Sun’s height"
        value={sun.elevationDeg}
        text={`${sun.elevationDeg}°`}
        min={0}
        max={90}
        step={1}
        rest={FIRST_SUN.elevationDeg}
        onChange={(elevationDeg) => onChange({ elevationDeg })}
        testId="sun-elevation"
      />
      <Slider
        label="Sun’s direction"
        value={sun.azimuthDeg}
        text={`${sun.azimuthDeg}°`}
        min={0}
        max={360}
        step={5}
        rest={FIRST_SUN.azimuthDeg}
        onChange={(azimuthDeg) => onChange({ azimuthDeg })}
        testId="sun-azimuth"
      />
      <Slider
        label="Haze"
        value={sun.turbidity}
        text={sun.turbidity.toFixed(1)}
        min={2}
        max={10}
        step={0.5}
        rest={FIRST_SUN.turbidity}
        onChange={(turbidity) => onChange({ turbidity })}
        testId="sun-turbidity"
      />
    </>
  );
}

const OWN = { name: 'Of the scene', options: [{ value: SCENE_ENVIRONMENT, label: 'The scene’s own' }] } as const;
const PLAIN: readonly EnvironmentName[] = ['studio', 'white', 'none'];
const PLACES = ENVIRONMENT_NAMES.filter((name) => !PLAIN.includes(name));

const environmentOption = (value: EnvironmentName) => ({
  value,
  label: value === 'none' ? 'None' : `${value[0]?.toUpperCase()}${value.slice(1)} · ${ENVIRONMENTS[value]}`,
});

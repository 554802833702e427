/** How the camera sees: depth of field, motion blur, turntable. The live view shows none of them. */
import { NumberField, Segments } from '../design/field.tsx';
import { Slider } from '../design/slider.tsx';
import { Switch } from '../design/switch.tsx';
import type { FormField } from './form-faults.ts';
import { allFrames, isSharpForWantOfSamples } from './render-form.ts';
import type { SceneModel } from './scene-model.ts';

interface MotionFieldsProps {
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}

export function MotionFields({ model, faults }: MotionFieldsProps) {
  const form = model.form.value;
  const { hasLens, shutterAngleDeg, isTurning } = form;
  return (
    <>
      <Switch
        label="Depth of field"
        isOn={hasLens}
        onChange={(on) => model.change({ hasLens: on })}
        testId="render-lens"
      />
      {hasLens && <LensFields model={model} faults={faults} />}
      {faults.lens && (
        <p class="field-fault" role="alert" data-testid="render-lens-fault">
          {faults.lens}
        </p>
      )}
      <Slider
        label="Motion blur"
        value={shutterAngleDeg}
        text={shutterAngleDeg === 0 ? 'none' : `shutter ${shutterAngleDeg}°`}
        min={0}
        max={360}
        step={15}
        rest={0}
        onChange={(angle) => model.change({ shutterAngleDeg: angle })}
        testId="render-shutter"
      />
      <Switch label="Turntable" isOn={isTurning} onChange={turn} testId="render-turntable" />
      {isTurning && (
        <NumberField
          label="Frames of a turn"
          value={form.turntableFrames}
          min={1}
          onChange={changeTurn}
          fault={faults.turntableFrames}
          hint="The camera circles the scene, counter-clockwise from above."
          testId="render-turntable-frames"
        />
      )}
      {isSharpForWantOfSamples(form) && (
        <p class="field-hint" data-testid="render-sharp-hint">
          One sample is sharp: blur needs 16 samples or more.
        </p>
      )}
    </>
  );

  /** Frames that were one picture, or all of a turn, become all of the turn. */
  function turn(on: boolean): void {
    const follows = form.frames === '0' || form.frames === allFrames(form.turntableFrames);
    const frames = on ? allFrames(form.turntableFrames) : allFrames(Math.max(1, model.clipLength.value));
    model.change({ isTurning: on, ...(follows ? { frames } : {}) });
  }

  function changeTurn(turntableFrames: number): void {
    const follows = form.frames === allFrames(form.turntableFrames) && turntableFrames >= 1;
    model.change({ turntableFrames, ...(follows ? { frames: allFrames(turntableFrames) } : {}) });
  }
}

function LensFields({ model, faults }: MotionFieldsProps) {
  const { fStop, isFocusAuto, focusDistanceM } = model.form.value;
  return (
    <>
      <div class="field-pair">
        <NumberField
          label="F-stop"
          value={fStop}
          min={0}
          step="any"
          onChange={(stop) => model.change({ fStop: stop })}
          fault={faults.fStop}
          testId="render-f-stop"
        />
        {!isFocusAuto && (
          <NumberField
            label="Focus distance"
            unit="m"
            value={focusDistanceM}
            min={0}
            step="any"
            onChange={(distance) => model.change({ focusDistanceM: distance })}
            fault={faults.focusDistanceM}
            testId="render-focus-distance"
          />
        )}
      </div>
      <Segments
        label="Focus"
        value={isFocusAuto ? 'auto' : 'distance'}
        options={[
          { value: 'auto', label: 'Automatic' },
          { value: 'distance', label: 'Distance' },
        ]}
        onChange={(focus) => model.change({ isFocusAuto: focus === 'auto' })}
        testId="render-focus"
      />
    </>
  );
}

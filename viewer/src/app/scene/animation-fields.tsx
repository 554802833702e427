/** Which clips move the scene, and which part of them. Which one is the main one, the timeline says. */
import type { ClipSettings, ImportReport } from '@kiln/shared';
import { Choices, NumberField, Segments } from '../design/field.tsx';
import type { FormField } from './form-faults.ts';
import type { SceneModel } from './scene-model.ts';

interface AnimationFieldsProps {
  readonly report: ImportReport;
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}

export function AnimationFields({ report, model, faults }: AnimationFieldsProps) {
  const { clip, moreClips, clipStartSec, clipEndSec, clipLoop } = model.form.value;
  const durationSec = report.clips.find(({ name }) => name === clip)?.durationSec ?? 0;
  const others = [...new Set(report.clips.map(({ name }) => name))].filter((name) => name !== clip);
  const endSec = Math.floor(durationSec * 1_000) / 1_000;
  return (
    <>
      <div class="field-pair">
        <NumberField
          label="From"
          unit="s"
          value={clipStartSec}
          min={0}
          step="any"
          onChange={(start) => model.changeClip({ clipStartSec: start })}
          fault={faults.clipStartSec}
          testId="clip-start"
        />
        <NumberField
          label="To"
          unit="s"
          value={clipEndSec ?? endSec}
          min={0}
          step="any"
          onChange={(end) => model.changeClip({ clipEndSec: end === endSec ? null : end })}
          fault={faults.clipEndSec}
          testId="clip-end"
        />
      </div>
      <Segments
        label="After the end"
        value={clipLoop}
        options={LOOPS}
        onChange={(loop) => model.changeClip({ clipLoop: loop })}
        testId="clip-loop"
      />
      {others.length > 0 && (
        <Choices
          label="Played at the same time"
          values={moreClips.filter((name) => name !== clip)}
          options={others.map((name) => ({ value: name, label: name || 'Unnamed clip' }))}
          onChange={(chosen) => model.changeClip({ moreClips: chosen })}
          testId="more-clips"
          mayBeNone
        />
      )}
    </>
  );
}

const LOOPS: readonly { readonly value: ClipSettings['clipLoop']; readonly label: string }[] = [
  { value: 'repeat', label: 'Repeat' },
  { value: 'once', label: 'Hold' },
  { value: 'pingpong', label: 'Ping-pong' },
];

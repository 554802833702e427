/** What the scene is seen from: one camera, more of the scene's beside it, or a path of keys. */
import type { ImportReport } from '@kiln/shared';
import { Choices, SelectField } from '../design/field.tsx';
import { type CameraPick, otherCameras } from './camera-choice.ts';
import type { FormField } from './form-faults.ts';
import { PathFields } from './path-fields.tsx';
import type { SceneModel } from './scene-model.ts';

interface CameraFieldsProps {
  readonly report: ImportReport;
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}

/** Names of a scene's cameras may be anything, `auto` too: with a prefix they are apart. */
const SCENE_CAMERA = 'scene:';

const pickText = (pick: CameraPick) => (pick.kind === 'scene' ? SCENE_CAMERA + pick.name : pick.kind);

function pickOf(text: string): CameraPick {
  if (text.startsWith(SCENE_CAMERA)) return { kind: 'scene', name: text.slice(SCENE_CAMERA.length) };
  return text === 'current' || text === 'path' ? { kind: text } : { kind: 'auto' };
}

export function CameraFields({ report, model, faults }: CameraFieldsProps) {
  const form = model.form.value;
  const names = [...new Set(report.cameras.map(({ name }) => name))];
  const chosen = form.camera.kind === 'scene' ? form.camera.name : null;
  const others = names.filter((name) => name !== chosen);
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
              { value: 'path', label: 'Path from key to key' },
            ],
          },
          ...(names.length > 0
            ? [
                {
                  name: 'In the scene',
                  options: names.map((name) => ({ value: SCENE_CAMERA + name, label: name })),
                },
              ]
            : []),
        ]}
        onChange={(text) => model.pickCamera(pickOf(text))}
        fault={faults.camera}
        testId="camera-select"
      />
      {form.camera.kind === 'path' && <PathFields model={model} />}
      {others.length > 0 && (
        <Choices
          label="Render these, too, each into its folder"
          values={otherCameras(form)}
          options={others.map((name) => ({ value: name, label: name }))}
          onChange={(moreCameras) => model.change({ moreCameras })}
          testId="more-cameras"
          mayBeNone
        />
      )}
    </>
  );
}

/** What the parts of the form say of themselves while they are closed. */
import { BACKEND_NAMES, IMAGE_FORMATS, isDisplayColor, SCENE_ENVIRONMENT } from '@kiln/shared';
import { plural } from '../design/quantities.ts';
import { advancedWords } from './advanced-choice.ts';
import { otherCameras } from './camera-choice.ts';
import { tagsOf } from './job-choice.ts';
import { type RenderForm, samplesOf, workSettings } from './render-form.ts';
import { backendBar, divisionBar } from './work-choice.ts';

export type FormSection =
  | 'camera'
  | 'light'
  | 'color'
  | 'objects'
  | 'animation'
  | 'motion'
  | 'engine'
  | 'work'
  | 'job'
  | 'advanced'
  | 'output';

const list = (...parts: readonly (string | false | null)[]) => parts.filter(Boolean).join(' · ');

export function summariesOf(form: RenderForm): Readonly<Record<FormSection, string>> {
  const { environment, exposureEv, hide, show, materials } = form;
  const parts = form.columns * form.rows * form.sampleRanges;
  const isDivided = form.isDivided && divisionBar(workSettings(form)) === null;
  const isPart = form.clipStartSec > 0 || form.clipEndSec !== null;
  return {
    camera: list(cameraText(form), otherCameras(form).length > 0 && `${otherCameras(form).length} more`),
    light: list(
      form.sun ? 'Sun and sky' : environmentText(environment),
      exposureEv !== 0 && `${exposureEv > 0 ? '+' : '−'}${Math.abs(exposureEv)} EV`,
      isDisplayColor(form.background) ? form.background : form.background !== 'neutral' && BACKGROUNDS[form.background],
      form.catchesShadow && 'shadow on the ground',
    ),
    color: list(TONE_MAPPINGS[form.toneMapping], form.lut !== null && 'look-up table'),
    objects:
      list(
        form.variant,
        hide.length > 0 && `${hide.length} hidden`,
        show.length > 0 && `${show.length} shown`,
        materials.length > 0 && `${plural(materials.length, 'material')} changed`,
      ) || 'As in the file',
    animation:
      list(
        isPart && `${form.clipStartSec} to ${form.clipEndSec ?? 'end'}${form.clipEndSec === null ? '' : ' s'}`,
        form.clipLoop !== 'repeat' && LOOPS[form.clipLoop],
        form.moreClips.length > 0 && plural(form.moreClips.length + 1, 'clip'),
      ) || 'Whole clip',
    motion:
      list(
        form.hasLens && `f/${form.fStop}`,
        form.shutterAngleDeg > 0 && `shutter ${form.shutterAngleDeg}°`,
        form.isTurning && 'turntable',
      ) || 'Off',
    engine: list(
      form.engine === 'raster' ? 'Raster' : 'Path tracing',
      plural(samplesOf(form), 'sample'),
      form.engine === 'pathtrace' && form.denoise && 'denoised',
    ),
    work: list(
      backendBar(form.engine, form.backend) === null && form.backend !== 'auto'
        ? BACKEND_NAMES[form.backend]
        : 'Automatic',
      isDivided && `${parts} parts a frame`,
    ),
    job: list(
      `Priority ${form.priority}`,
      form.maxSlots > 0 && plural(form.maxSlots, 'task at once', 'tasks at once'),
      tagsOf(form).join(', '),
    ),
    advanced: capitalised(list(...advancedWords(form))) || 'As usual',
    output: list(`${form.widthPx} × ${form.heightPx}`, IMAGE_FORMATS[form.format].name),
  };
}

function cameraText({ camera, path }: RenderForm): string {
  if (camera.kind === 'scene') return camera.name;
  if (camera.kind === 'path') return `Path of ${plural(path.path.length, 'key')}`;
  return camera.kind === 'auto' ? 'Automatic' : 'Current view';
}

const capitalised = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const TONE_MAPPINGS = { neutral: 'Neutral', agx: 'AgX', aces: 'ACES', none: 'None' } as const;
function environmentText(environment: RenderForm['environment']): string {
  if (environment === SCENE_ENVIRONMENT) return 'The scene’s own';
  return typeof environment === 'string' ? capitalised(environment) : 'Uploaded';
}

const BACKGROUNDS = { environment: 'scenery behind', transparent: 'transparent' } as const;
const LOOPS = { once: 'once', pingpong: 'back and forth' } as const;

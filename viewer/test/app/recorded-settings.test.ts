import type { LiveView, PosePath } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { recordedSettings } from '../../src/app/scene/recorded-settings.ts';
import { defaultForm, jobRequest, lookOf, type RenderForm } from '../../src/app/scene/render-form.ts';
import { REPORT } from '../fake-farm/fake-state.ts';

const SCENE = { id: `scn_${'0'.repeat(20)}`, name: 'scene' };
const SIZE = { widthPx: 640, heightPx: 360 };

const viewOf = (form: RenderForm): LiveView => ({ ...lookOf(form), size: SIZE, frameNumber: 0 });
const recorded = (views: readonly LiveView[], frames: readonly number[] = []): PosePath => ({
  poses: [{ atMs: 0, position: [0, 0, 3], target: [0, 0, 0], fovDeg: 40 }],
  views: views.map((view, index) => ({ atMs: index * 1_000, view })),
  frames: frames.map((frameNumber, index) => ({ atMs: index * 1_000, frameNumber })),
});

const LIT: Partial<RenderForm> = {
  ...{ environment: 'sunset', environmentRotationDeg: 30, environmentIntensity: 2, backgroundBlur: 0 },
  ...{ exposureEv: 1.5, toneMapping: 'agx', background: '#102030', catchesShadow: true },
  sun: { azimuthDeg: 20, elevationDeg: 40, turbidity: 3 },
};
const FORMS: Readonly<Record<string, Partial<RenderForm>>> = {
  'as it comes': {},
  light: LIT,
  'edits and a variant': {
    variant: 'Beach',
    hide: ['Lamp'],
    show: ['Ball'],
    materials: [{ material: 'Paint', roughness: 0.2 }],
  },
  'path tracing': { engine: 'pathtrace', tracedSamples: 32, bounces: 3, denoise: true, clampIndirect: 5 },
  'a lens and a shutter': {
    samples: 16,
    hasLens: true,
    fStop: 1.4,
    isFocusAuto: false,
    focusDistanceM: 3,
    shutterAngleDeg: 180,
  },
};

describe('a recording as the settings of a render', () => {
  it.each(Object.entries(FORMS))('has what was shown, whatever the form says by then: %s', (_, part) => {
    const shown = { ...defaultForm(REPORT), ...part };
    const { settings } =
      recordedSettings(recorded([viewOf({ ...shown, ...LIT, exposureEv: -3 }), viewOf(shown)])) ?? {};
    const other = {
      ...defaultForm(REPORT),
      ...LIT,
      environment: 'park',
      variant: 'Street',
      hasLens: true,
      exposureEv: 4,
    } as RenderForm;
    expect(lookOf({ ...other, ...settings })).toEqual(lookOf(shown));
    const layerOf = (form: RenderForm) => jobRequest(form, SCENE, null).layers[0];
    expect(layerOf({ ...other, ...settings })).toEqual(layerOf(shown));
  });

  it('takes how it ends, and says how often it changed', () => {
    const [before, after] = [viewOf(defaultForm(REPORT)), viewOf({ ...defaultForm(REPORT), exposureEv: 2 })];
    expect(recordedSettings(recorded([before]))?.changes).toBe(0);
    expect(recordedSettings(recorded([before, after]))).toMatchObject({ changes: 1, settings: { exposureEv: 2 } });
    expect(recordedSettings(recorded([]))).toBeNull();
  });

  it('has the clip stand where it stood, and go on from where it was when it played', () => {
    const view = viewOf({ ...defaultForm(REPORT), clip: 'Bounce', fps: 24 });
    const settingsOf = (...frames: number[]) => recordedSettings(recorded([view], frames))?.settings;
    expect(settingsOf(12, 12)).toMatchObject({
      clip: 'Bounce',
      clipStartSec: 0.5,
      clipEndSec: 0.501,
      clipLoop: 'once',
    });
    expect(settingsOf(12, 13, 14)).toMatchObject({ clipStartSec: 0.5, clipEndSec: null, clipLoop: 'repeat' });
    expect(settingsOf(0, 1)).toMatchObject({ clipStartSec: 0 });
  });
});

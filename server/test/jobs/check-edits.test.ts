import { completeSettings, KilnError, type LayerRequest } from '@kiln/shared';
import { describe, expect, test } from 'vitest';
import { checkEdits } from '../../src/jobs/check-edits.ts';
import { REPORT } from '../farm-fixture.ts';

const SCENE = {
  ...REPORT,
  nodes: 4,
  materials: 2,
  variants: ['Red', 'Blue'],
  editable: {
    nodes: ['Body', 'Wheel', ''],
    materials: [
      { name: 'Paint', unlit: false, extensions: ['KHR_materials_clearcoat'] },
      { name: 'Sign', unlit: true, extensions: [] },
    ],
    cameras: 1,
    lights: 0,
  },
};

function faultOf(edits: Partial<LayerRequest>, scene: typeof REPORT = SCENE): KilnError | null {
  const settings = completeSettings({ size: { widthPx: 8, heightPx: 8 }, ...edits });
  try {
    checkEdits(settings, '/layers/0', scene);
    return null;
  } catch (error) {
    if (error instanceof KilnError) return error;
    throw error;
  }
}

describe('what a layer changes of its scene', () => {
  test('may be what the import report names, or what a pointer finds', () => {
    expect(
      faultOf({
        variant: 'Blue',
        hide: ['Wheel', '/nodes/3'],
        show: ['Body'],
        materials: [
          { material: 'Paint', roughness: 0.2 },
          { material: '/materials/1', opacity: 0.5 },
        ],
        pointers: [
          { pointer: '/materials/0/extensions/KHR_materials_clearcoat/clearcoatFactor', value: 1 },
          { pointer: '/cameras/0/perspective/yfov', value: 0.5 },
        ],
      }),
    ).toBeNull();
  });

  test.each([
    [{ variant: 'Green' }, '/layers/0/variant', 'it has: Red, Blue'],
    [{ hide: ['Body', 'Door'] }, '/layers/0/hide/1', 'it has: Body, Wheel'],
    [{ hide: ['/nodes/4'] }, '/layers/0/hide/0', 'no node'],
    [{ show: ['/nodes/2'] }, '/layers/0/show/0', 'no node'],
    [{ materials: [{ material: 'Chrome', roughness: 0 }] }, '/layers/0/materials/0/material', 'it has: Paint, Sign'],
    [{ materials: [{ material: 'Sign', roughness: 0 }] }, '/layers/0/materials/0/roughness', 'unlit'],
    [{ pointers: [{ pointer: '/materials/2/alphaCutoff', value: 1 }] }, '/layers/0/pointers/0/pointer', '2 materials'],
    [{ pointers: [{ pointer: '/nodes/2/weights', value: [1] }] }, '/layers/0/pointers/0/pointer', 'shows nothing'],
    [
      { pointers: [{ pointer: '/materials/1/extensions/KHR_materials_clearcoat/clearcoatFactor', value: 1 }] },
      '/layers/0/pointers/0/pointer',
      'has no KHR_materials_clearcoat',
    ],
    [{ pointers: [{ pointer: '/materials/0/alphaCutoff', value: 2 }] }, '/layers/0/pointers/0/value', 'from 0 to 1'],
  ] as [Partial<LayerRequest>, string, string][])('is refused with its field: %j', (edits, field, says) => {
    const fault = faultOf(edits);
    expect(fault?.field).toBe(field);
    expect(fault?.message).toContain(says);
  });

  test('is refused of a scene whose report names nothing', () => {
    expect(faultOf({ hide: ['/nodes/0'] }, REPORT)).toMatchObject({ code: 'job.unknown_name' });
  });
});

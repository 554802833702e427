import { describe, expect, it } from 'vitest';
import { KilnError } from '../src/errors.ts';
import { checkPointer, pointerFault, readPointer } from '../src/scene-pointers.ts';

describe('JSON Pointers into a glTF', () => {
  it('are read with the index that they have', () => {
    expect(readPointer('/materials/12/emissiveFactor')).toEqual({
      path: '/materials/*/emissiveFactor',
      kind: 'materials',
      index: 12,
    });
    expect(readPointer('/extensions/KHR_lights_punctual/lights/0/intensity')).toMatchObject({
      kind: 'lights',
      index: 0,
    });
    for (const wrong of ['/materials/0/name', '/materials/01/emissiveFactor', '/materials/*/emissiveFactor', '/', '']) {
      expect(readPointer(wrong), wrong).toBeNull();
    }
  });

  it.each([
    ['/nodes/0/translation', [1, -2, 3], null],
    ['/nodes/0/translation', [1, 2], 'a list of 3 numbers'],
    ['/nodes/0/translation', 1, 'a list of 3 numbers'],
    ['/nodes/0/rotation', [0, 0, 0, 0], 'length 1'],
    ['/nodes/0/weights', [0.5], null],
    ['/nodes/0/extensions/KHR_node_visibility/visible', 1, 'true or false'],
    ['/materials/0/pbrMetallicRoughness/roughnessFactor', 1, null],
    ['/materials/0/pbrMetallicRoughness/roughnessFactor', 1.01, 'a number from 0 to 1'],
    ['/materials/0/pbrMetallicRoughness/roughnessFactor', [0.5], 'a number'],
    ['/materials/0/pbrMetallicRoughness/roughnessFactor', true, 'a number'],
    ['/cameras/0/perspective/yfov', 0, 'above 0'],
    ['/extensions/KHR_lights_punctual/lights/3/intensity', -1, 'from 0'],
  ] as const)('take at %s %j or say why not: %s', (pointer, value, why) => {
    const known = readPointer(pointer);
    const fault = known && pointerFault(known, value);
    if (why === null) expect(fault).toBeNull();
    else expect(fault).toContain(why);
  });

  it('are refused with the field that is wrong', () => {
    const fieldOf = (pointer: string, value: number) => {
      try {
        checkPointer(pointer, value, '/layers/0/pointers/0');
      } catch (error) {
        return error instanceof KilnError ? error.field : error;
      }
      return null;
    };
    expect(fieldOf('/materials/0/name', 1)).toBe('/layers/0/pointers/0/pointer');
    expect(fieldOf('/materials/0/alphaCutoff', 2)).toBe('/layers/0/pointers/0/value');
    expect(fieldOf('/materials/0/alphaCutoff', 1)).toBeNull();
  });
});

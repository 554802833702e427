import { describe, expect, test } from 'vitest';
import { clipsOf, parseMaterial, parsePointer } from '../../src/cli/parse-options.ts';

describe('--material', () => {
  test.each([
    ['Paint.baseColor=#FF8800', { material: 'Paint', baseColor: '#FF8800' }],
    ['Paint.baseColor=0,0.5,1', { material: 'Paint', baseColor: [0, 0.5, 1] }],
    ['Rim.v2.roughness=0.25', { material: 'Rim.v2', roughness: 0.25 }],
    ['a=b.emissiveIntensity=12', { material: 'a=b', emissiveIntensity: 12 }],
  ])('takes %s', (text, edit) => {
    expect(parseMaterial(text)).toEqual(edit);
  });

  test.each([
    'Paint',
    'Paint.color=#ff0000',
    'Paint.material=x',
    '.roughness=1',
    'Paint.roughness=',
    'Paint.roughness=2',
  ])('refuses %s with what it takes', (text) => {
    expect(() => parseMaterial(text)).toThrow(expect.objectContaining({ field: '--material' }));
  });
});

describe('--set', () => {
  test('takes a pointer and JSON', () => {
    expect(parsePointer('/nodes/3/translation=[0, 1.5, 0]')).toEqual({
      pointer: '/nodes/3/translation',
      value: [0, 1.5, 0],
    });
  });

  test.each(['/nodes/3/translation', '/nodes/3/translation=1,2,3', 'nodes/3/scale=[1,1,1]', '/nodes/3/name="x"'])(
    'refuses %s',
    (text) => {
      expect(() => parsePointer(text)).toThrow(expect.objectContaining({ field: '--set' }));
    },
  );

  test('refuses a value that the property cannot have', () => {
    expect(() => parsePointer('/materials/0/emissiveFactor=[0,0,2]')).toThrow(/from 0 to 1/);
  });
});

test('of several clips the first is the main one', () => {
  expect(clipsOf()).toEqual({});
  expect(clipsOf(['Walk'])).toEqual({ clip: 'Walk' });
  expect(clipsOf(['Walk', 'Wave'])).toEqual({ clip: 'Walk', moreClips: ['Wave'] });
});

import { describe, expect, it } from 'vitest';
import { chooseEntry, sceneName } from '../../src/upload/scene-entry.ts';

const gathered = (...paths: string[]) => paths.map((path) => ({ path, file: new File(['x'], path) }));

describe('chooseEntry', () => {
  it('takes the one glTF among its textures', () => {
    const choice = chooseEntry(gathered('a.png', 'helmet.gltf', 'helmet.bin'));
    expect(choice.kind === 'entry' && choice.entry.path).toBe('helmet.gltf');
  });

  it('takes a single file whatever it is, so that the farm says what is wrong with it', () => {
    const choice = chooseEntry(gathered('notes.txt'));
    expect(choice.kind === 'entry' && choice.entry.path).toBe('notes.txt');
  });

  it('asks when there are several', () => {
    const choice = chooseEntry(gathered('a.GLB', 'b/b.gltf', 'b/b.bin'));
    expect(choice.kind === 'ask' && choice.candidates.map(({ path }) => path)).toEqual(['a.GLB', 'b/b.gltf']);
  });

  it('takes the one scene in another format where there is no glTF', () => {
    const choice = chooseEntry(gathered('spider.obj', 'spider.mtl', 'leg.jpg', 'package.json'));
    expect(choice.kind === 'entry' && choice.entry.path).toBe('spider.obj');
    const several = chooseEntry(gathered('a.fbx', 'b.dae'));
    expect(several.kind === 'ask' && several.candidates.map(({ path }) => path)).toEqual(['a.fbx', 'b.dae']);
  });

  it('says when there is none', () => {
    expect(chooseEntry(gathered('a.png', 'b.png')).kind).toBe('none');
    expect(chooseEntry([]).kind).toBe('none');
  });
});

describe('sceneName', () => {
  it('is the name of the file, or of the folder when the file has a general name', () => {
    expect(sceneName('FlightHelmet.gltf')).toBe('FlightHelmet');
    expect(sceneName('helmet/scene.gltf')).toBe('helmet');
    expect(sceneName('scene.gltf')).toBe('scene');
    expect(sceneName('my.car.v2.glb')).toBe('my.car.v2');
    expect(sceneName('.glb')).toBe('.glb');
  });
});

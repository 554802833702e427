import { isDataUri, KilnError } from '@kiln/shared';
import { LoadingManager, type Object3D, Camera as ThreeCamera, type WebGLRenderer } from 'three';
import { MeshoptDecoder } from 'three/addons/libs/meshopt_decoder.module.js';
import { DRACOLoader } from 'three/addons/loaders/DRACOLoader.js';
import { type GLTF, GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import type { WebGPURenderer } from 'three/webgpu';
import { BUILT_IN_ROUTE } from '../contract.ts';
import type { Lens } from '../engine/camera-placement.ts';
import { ClipPlayer } from './clip-player.ts';
import { parseJson, readContainer } from './container.ts';
import { editablePartsOf } from './editable-parts.ts';
import type { Camera, Gltf } from './gltf-json.ts';
import { Ktx2Images } from './ktx2-images.ts';
import type { SceneParts } from './loaded-scene.ts';
import { readPointerTracks } from './pointer-tracks.ts';
import type { SceneCamera } from './scene-camera.ts';
import { readEnvironment } from './scene-environment.ts';
import type { SceneFiles } from './scene-files.ts';
import { readSceneGraph } from './scene-graph.ts';
import { ownTransforms } from './texture-transforms.ts';
import { uniqueNames } from './unique-names.ts';

/** Threads of the decoder; a page shares its machine with others and with the software renderer. */
const DRACO_WORKERS = 2;

/** Reads glTF scenes with three's loader. One for the page: its decoders are kept. */
export class GltfReader {
  readonly #draco = new DRACOLoader().setDecoderPath(`${BUILT_IN_ROUTE}/draco/`).setWorkerLimit(DRACO_WORKERS);
  readonly #ktx2: Ktx2Images;

  constructor(renderer: WebGLRenderer | WebGPURenderer) {
    this.#ktx2 = new Ktx2Images(renderer);
  }

  /**
   * Loads a scene that an import has checked.
   *
   * @param onFraction told the part of the files that has arrived.
   * @throws KilnError with a code `scene.…`.
   */
  async read(files: SceneFiles, onFraction: (fraction: number) => void): Promise<SceneParts> {
    const { entry, files: all } = files.scene;
    const totalBytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 1);
    let arrived = 0;
    const onBytes = (count: number) => {
      arrived += count;
      onFraction(Math.min(1, arrived / totalBytes));
    };

    const { json, bin } = readContainer(await files.fetch(entry, onBytes), entry);
    // An import has checked that it is glTF.
    const gltf = parseJson(json, entry) as Gltf;
    const scene = gltf.scenes?.[gltf.scene ?? 0];
    if (!scene)
      throw new KilnError('scene.invalid', 'The glTF has no scene to show: export one.', { field: '/scenes' });
    // Only what is shown is loaded.
    gltf.scenes = [scene];
    gltf.scene = 0;
    ownTransforms(gltf);
    const bufferOf = bufferSource(gltf, bin, files, onBytes);
    for (const [index, image] of (gltf.images ?? []).entries()) {
      if (image.uri === undefined || isDataUri(image.uri)) continue;
      image.uri = files.url(files.resolve(image.uri, `/images/${index}/uri`));
    }

    const viewBytes = async (index: number) => new Uint8Array(await viewOf(gltf, index, bufferOf));
    const imageBytes = async (index: number) => {
      const { bufferView, uri = '' } = gltf.images?.[index] ?? {};
      return bufferView === undefined ? new Uint8Array(await (await fetch(uri)).arrayBuffer()) : viewBytes(bufferView);
    };
    const failedImages: { index: number; cause: unknown }[] = [];
    const loader = new GLTFLoader(new LoadingManager())
      .setDRACOLoader(this.#draco)
      .setKTX2Loader(this.#ktx2.loader)
      .setMeshoptDecoder(MeshoptDecoder)
      .register((parser) => {
        parser.loadBuffer = bufferOf;
        parser.loadBufferView = async (index) => viewOf(gltf, index, bufferOf);
        const loadImage = parser.loadImageSource.bind(parser);
        parser.loadImageSource = async (index, imageLoader) => {
          try {
            return await (isKtx2(gltf, index)
              ? this.#ktx2.read((await imageBytes(index)).buffer)
              : loadImage(index, imageLoader));
          } catch (cause) {
            failedImages.push({ index, cause });
            throw cause;
          }
        };
        return { name: 'KILN_scene_files' };
      });
    const read = await this.#parse(loader, gltf);
    // three draws a material without the texture that it could not decode; here that is an error.
    const [failed] = failedImages;
    if (failed) throw badImage(gltf, failed.index, failed.cause);
    const cameras = camerasOf(gltf, read);
    const graph = await readSceneGraph(gltf, read, cameras);
    const tracks = await readPointerTracks(gltf, read.parser, graph);
    return {
      content: files.scene,
      root: read.scene,
      cameras: cameras.map(({ shown }) => shown),
      clips: new ClipPlayer(read.scene, read.animations, uniqueNames(gltf.animations ?? [], 'clip'), tracks),
      graph,
      editable: editablePartsOf(gltf, graph),
      environment: await readEnvironment(gltf, { image: imageBytes, view: viewBytes }),
    };
  }

  async #parse(loader: GLTFLoader, gltf: Gltf): Promise<GLTF> {
    try {
      return await loader.parseAsync(JSON.stringify(gltf), '');
    } catch (cause) {
      if (cause instanceof KilnError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new KilnError(
        'scene.invalid',
        `The scene cannot be loaded: ${why}. Check it in the program that made it.`,
        { cause },
      );
    }
  }
}

/** Buffers as three asks for them, each read once. */
function bufferSource(
  gltf: Gltf,
  bin: Uint8Array<ArrayBuffer> | null,
  files: SceneFiles,
  onBytes: (count: number) => void,
) {
  const read = async (index: number): Promise<ArrayBuffer> => {
    const uri = gltf.buffers?.[index]?.uri;
    if (uri === undefined) {
      if (index === 0 && bin) return bin.slice().buffer;
      throw new KilnError('scene.invalid', 'A buffer has no data: export the scene again.', {
        field: `/buffers/${index}`,
      });
    }
    if (isDataUri(uri)) return (await fetch(uri)).arrayBuffer();
    return (await files.fetch(files.resolve(uri, `/buffers/${index}/uri`), onBytes)).buffer;
  };
  const buffers = new Map<number, Promise<ArrayBuffer>>();
  return (index: number): Promise<ArrayBuffer> => {
    const buffer = buffers.get(index) ?? read(index);
    buffers.set(index, buffer);
    return buffer;
  };
}

/** A copy of the view's bytes. three reads whole strides, so the last one is filled up where the view ends within it. */
async function viewOf({ bufferViews }: Gltf, index: number, bufferOf: (index: number) => Promise<ArrayBuffer>) {
  const { buffer = 0, byteOffset = 0, byteLength = 0, byteStride = 1 } = bufferViews?.[index] ?? {};
  const bytes = new Uint8Array(Math.ceil(byteLength / byteStride) * byteStride);
  bytes.set(new Uint8Array(await bufferOf(buffer), byteOffset, byteLength));
  return bytes.buffer;
}

/** By name and type alone: KTX2 images that are used without KHR_texture_basisu are common. */
function isKtx2({ images }: Gltf, index: number): boolean {
  const { mimeType, uri } = images?.[index] ?? {};
  return mimeType === 'image/ktx2' || /(\.ktx2|^data:image\/ktx2.*)$/i.test(uri ?? '');
}

function badImage(gltf: Gltf, index: number, cause: unknown): KilnError {
  const { name, uri } = gltf.images?.[index] ?? {};
  const shown = name ?? (uri === undefined || isDataUri(uri) ? `number ${index}` : uri.slice(uri.lastIndexOf('/') + 1));
  const why = cause instanceof Error ? `: ${cause.message.replace(/\.$/, '')}` : '';
  return new KilnError('scene.invalid', `The image "${shown}" cannot be decoded${why}. Save it again as PNG or JPEG.`, {
    field: `/images/${index}`,
    cause,
  });
}

/** With the index of the glTF's camera that each shows. */
function camerasOf(gltf: Gltf, { scene, parser }: GLTF): { camera: number; shown: SceneCamera }[] {
  const found: { name: string | undefined; camera: ThreeCamera; index: number; def: Camera }[] = [];
  const nodeOf = (object: Object3D | null) => (object ? parser.associations.get(object)?.nodes : undefined);
  scene.traverse((camera) => {
    if (!(camera instanceof ThreeCamera)) return;
    const node = gltf.nodes?.[nodeOf(camera) ?? nodeOf(camera.parent) ?? -1];
    const index = node?.camera ?? -1;
    const def = gltf.cameras?.[index];
    if (def) found.push({ name: node?.name || def.name, camera, index, def });
  });
  const names = uniqueNames(found, 'camera', ['auto']);
  return found.map(({ camera, index, def }, at) => {
    const name = names[at] ?? `camera-${at}`;
    return { camera: index, shown: { name, camera, lens: lensOf(def), range: rangeOf(def) } };
  });
}

function lensOf({ perspective, orthographic }: Camera): Lens {
  if (perspective) return { kind: 'perspective', fovDeg: Math.min(179, (perspective.yfov * 180) / Math.PI) };
  return { kind: 'orthographic', halfHeight: Math.abs(orthographic?.ymag ?? 1) || 1 };
}

function rangeOf({ perspective, orthographic }: Camera): SceneCamera['range'] {
  return {
    near: perspective?.znear ?? orthographic?.znear ?? 0,
    far: perspective?.zfar ?? orthographic?.zfar ?? Number.POSITIVE_INFINITY,
  };
}

/** Calls about divided frames: parts are drawn, and frames are made of what was drawn of them. */
import { hasData, type Sampling } from '@kiln/shared';
import { assembleFrame } from './assemble/assemble-frame.ts';
import { type FrameOutcome, INPUT_ROUTE, OUTPUT_ROUTE, type PageCall, type PieceOutcome } from './contract.ts';
import { frameOrder } from './encode/frame-order.ts';
import { drawSums } from './engine/draw-sums.ts';
import { placeShot } from './engine/shot-camera.ts';
import { handOver } from './output.ts';
import type { PageServices } from './page-services.ts';
import { frameLook, frameShot, holdAssets } from './shots.ts';

type Call<K extends PageCall['call']> = Extract<PageCall, { call: K }>;

/** @param onDrawn the GPU is free. */
export async function drawPiece(
  services: PageServices,
  { sceneHash, settings, frameNumber, part, checkpointMs, output }: Call<'piece'>,
  onDrawn: () => void,
): Promise<PieceOutcome> {
  const { room, queue, encoder, scenes } = services;
  const { scene, release } = scenes.use(sceneHash);
  let letGo = () => {};
  try {
    const held = await holdAssets(services, settings);
    letGo = held.release;
    const shot = frameShot(scene, settings, frameNumber, held.assets);
    await encoder.room();
    const { pixels, areHalf, samples, draw } = await queue.run('frame', (giveWay) =>
      drawSums(room, { ...shot, part, checkpointMs }, giveWay),
    );
    onDrawn();
    const { widthPx, heightPx } = part.region;
    const { bytes, encode } = await encoder.encode({
      pixels,
      planes: [],
      mattes: null,
      size: { widthPx, heightPx },
      format: 'exr',
      bitDepth: areHalf ? 'half' : 'float',
      quality: 100,
      hasAlpha: true,
      areSums: true,
      origin: null,
    });
    const { ok, status } = await fetch(`${OUTPUT_ROUTE}/${output}`, { method: 'PUT', body: bytes });
    if (!ok) throw new Error(`the worker took no sums: ${status}`);
    return { gpuBytes: scene.gpuBytes, samples, draw, encode };
  } finally {
    letGo();
    release();
  }
}

export async function makeFrame(
  services: PageServices,
  { sceneHash, settings, frameNumber, sums, output }: Call<'assemble'>,
  onDrawn: () => void,
): Promise<{ readonly result: FrameOutcome; readonly bytes?: ArrayBuffer }> {
  const { room, queue, encoder, tables } = services;
  const lut = settings.lut ? await tables.get(settings.lut) : null;
  const look = frameLook(settings, { lut });
  const sources = sums.map(({ region, samples, input }) => ({ region, samples, url: `${INPUT_ROUTE}/${input}` }));
  await encoder.room();
  const { drawn, draw } = await queue.run('frame', async (giveWay) => {
    const { pixels, draw } = await assembleFrame(room, settings.size, sources, look, giveWay);
    return { drawn: { pixels, ...(await dataOf(services, { sceneHash, settings, frameNumber })) }, draw };
  });
  onDrawn();
  const sampling: Sampling = { samples: settings.samples, endedBy: 'samples' };
  const order = frameOrder({ ...drawn, sampling }, look.shown, { sceneHash, settings, frameNumber });
  const { bytes, ...encoded } = await encoder.encode(order);
  return handOver({ ...encoded, gpuBytes: null, draw: { ...draw, sampling } }, bytes, output);
}

/** What stands at each pixel: drawn here, whole, for it has but one sample. */
async function dataOf(
  services: PageServices,
  { sceneHash, settings, frameNumber }: Pick<Call<'assemble'>, 'sceneHash' | 'settings' | 'frameNumber'>,
) {
  if (!hasData(settings)) return { planes: [], mattes: null, placement: null };
  const { room, scenes } = services;
  const { scene, release } = scenes.use(sceneHash);
  let letGo = () => {};
  try {
    const held = await holdAssets(services, settings);
    letGo = held.release;
    const shot = frameShot(scene, settings, frameNumber, held.assets);
    const placement = placeShot(shot);
    return { planes: room.passes.draw(shot, placement), mattes: room.passes.manifestsOf(scene), placement };
  } finally {
    letGo();
    release();
  }
}

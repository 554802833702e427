/** Web worker: reads one panorama, or reckons where its light is, beside the page's own thread, which goes on drawing. */
import { DataTexture, HalfFloatType, RGBAFormat } from 'three';
import { EquirectHdrInfoUniform } from 'three-gpu-pathtracer/src/uniforms/EquirectHdrInfoUniform.js';
import { refusalOf } from '../import/refuse.ts';
import { lightFromAbove } from './light-from-above.ts';
import { type LightImage, paintPanorama } from './light-pictures.ts';
import { panoramaFile } from './panorama-file.ts';
import type { LightShares, PanoramaReply, PanoramaRequest } from './panorama-messages.ts';
import { type HalfImage, panoramaImages, readPanorama } from './read-panorama.ts';

addEventListener('message', ({ ports: [port] }: MessageEvent) => {
  if (!port) return;
  port.onmessage = async ({ data }: MessageEvent<PanoramaRequest>) => {
    try {
      const { answer, buffers } = await answerTo(data);
      port.postMessage({ answer } satisfies PanoramaReply, buffers);
    } catch (thrown) {
      const refusal = refusalOf(thrown);
      const { message, stack = '' } = thrown instanceof Error ? thrown : new Error(String(thrown));
      port.postMessage((refusal ? { refusal } : { error: message, stack }) satisfies PanoramaReply);
    }
  };
});

async function answerTo(request: PanoramaRequest) {
  if (request.task === 'shares') {
    const answer = sharesOf(request);
    return { answer, buffers: [answer.marginal.buffer, answer.conditional.buffer, answer.fromAbove.heights.buffer] };
  }
  if (request.task === 'file') {
    const answer = await panoramaFile(await paintPanorama(request));
    return { answer, buffers: [answer.buffer] };
  }
  if (request.task === 'pictured') return imagesOf(await paintPanorama(request));
  const read = readPanorama(request.bytes, request.path);
  if (request.task === 'read') return { answer: read, buffers: [read.data.buffer] };
  return imagesOf(read);
}

function imagesOf(panorama: LightImage) {
  const answer = panoramaImages(panorama);
  return { answer, buffers: [answer.full.data.buffer, answer.small.data.buffer] };
}

function sharesOf({ data, widthPx, heightPx }: HalfImage): LightShares {
  const info = new EquirectHdrInfoUniform();
  info.updateFrom(new DataTexture(data, widthPx, heightPx, RGBAFormat, HalfFloatType));
  const { marginalWeights, conditionalWeights, totalSum: total } = info;
  const fromAbove = lightFromAbove({ data, widthPx, heightPx });
  return { marginal: halves(marginalWeights), conditional: halves(conditionalWeights), total, fromAbove };
}

function halves({ image: { data } }: DataTexture): Uint16Array<ArrayBuffer> {
  if (!(data instanceof Uint16Array)) throw new Error('the library keeps half floats');
  return new Uint16Array(data);
}

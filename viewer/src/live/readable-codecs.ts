import { type PictureCodec, type StillCodec, VIDEO_CODEC_STRINGS, VIDEO_CODECS, type VideoCodec } from '@kiln/shared';

/** That stand for themselves, best first. */
export const PICTURES: readonly StillCodec[] = ['jpeg', 'webp', 'png'];

export const videoConfigOf = (codec: VideoCodec): VideoDecoderConfig => ({
  codec: VIDEO_CODEC_STRINGS[codec],
  optimizeForLatency: true,
  hardwareAcceleration: 'prefer-software',
});

let decodable: readonly VideoCodec[] | null = null;

/** What this browser decodes, as far as it has said so: nothing without WebCodecs, which only secure contexts have. */
function decodableVideos(): readonly VideoCodec[] {
  if (decodable === null) {
    decodable = [];
    if ('VideoDecoder' in globalThis) void askBrowser();
  }
  return decodable;
}

/** Why this page reads no videos; null where it does, or the browser has them. */
export function whyNoVideo(): 'not-secure' | 'no-webcodecs' | null {
  if ('VideoDecoder' in globalThis) return null;
  return globalThis.isSecureContext ? 'no-webcodecs' : 'not-secure';
}

async function askBrowser(): Promise<void> {
  const isDecodable = async (codec: VideoCodec) =>
    (await VideoDecoder.isConfigSupported(videoConfigOf(codec)).catch(() => null))?.supported === true;
  const answers = await Promise.all(VIDEO_CODECS.map(isDecodable));
  decodable = VIDEO_CODECS.filter((_, i) => answers[i]);
}

/**
 * [LV40] What this browser reads, best first: videos come where the way is narrow, and everywhere for whoever wants few bytes.
 *
 * @param savesData @defaultValue what the person told the browser
 */
export function readableCodecs(savesData = browserSavesData()): PictureCodec[] {
  const videos = decodableVideos();
  return savesData ? [...videos, ...PICTURES] : [...PICTURES, ...videos];
}

/** Save-Data, where the browser tells. */
function browserSavesData(): boolean {
  const { connection } = navigator as { readonly connection?: { readonly saveData?: boolean } };
  return connection?.saveData === true;
}

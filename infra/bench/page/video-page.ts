/** Runs in the browser: reads what a live view was sent as a video, and shows pictures for a screencast. */

export interface SentFrame {
  /** Base64. */
  readonly bytes: string;
  readonly isKey: boolean;
}

declare global {
  interface Window {
    /** @returns of each frame a PNG as a data URL. */
    decodeVideo?: (codec: string, frames: readonly SentFrame[]) => Promise<string[]>;
    /** Shows a picture, a data URL, on all of the page. */
    showPicture?: (url: string) => Promise<void>;
  }
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

window.decodeVideo = async (codec, frames) => {
  const pictures: string[] = [];
  let came: (frame: VideoFrame) => void = () => {};
  const decoder = new VideoDecoder({ output: (frame) => came(frame), error: (error) => console.error(error.message) });
  decoder.configure({ codec, optimizeForLatency: true, hardwareAcceleration: 'prefer-software' });
  for (const [timestamp, { bytes, isKey }] of frames.entries()) {
    const coming = new Promise<VideoFrame>((resolve) => {
      came = resolve;
    });
    decoder.decode(new EncodedVideoChunk({ type: isKey ? 'key' : 'delta', timestamp, data: bytesOf(bytes) }));
    const frame = await coming;
    pictures.push(await pictureOf(frame));
    frame.close();
  }
  decoder.close();
  return pictures;
};

/** [LV40] The planes are those of a JPEG: BT.601, full range, 4:2:0. */
async function pictureOf(frame: VideoFrame): Promise<string> {
  const { displayWidth: width, displayHeight: height } = frame;
  const [half, chroma] = [width / 2, (width / 2) * (height / 2)];
  const planes = new Uint8Array(width * height + 2 * chroma);
  const layout = [
    { offset: 0, stride: width },
    { offset: width * height, stride: half },
    { offset: width * height + chroma, stride: half },
  ];
  await frame.copyTo(planes, { layout });
  const image = new ImageData(width, height);
  for (let at = 0; at < width * height; at += 1) {
    const there = width * height + (Math.floor(at / width) >> 1) * half + ((at % width) >> 1);
    const [y = 0, u = 0, v = 0] = [planes[at], planes[there], planes[there + chroma]];
    image.data.set(
      [y + 1.402 * (v - 128), y - 0.344 * (u - 128) - 0.714 * (v - 128), y + 1.772 * (u - 128), 255],
      at * 4,
    );
  }
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas.toDataURL('image/png');
}

const shown = document.querySelector('canvas');
window.showPicture = async (url) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  shown?.getContext('2d')?.drawImage(image, 0, 0);
};

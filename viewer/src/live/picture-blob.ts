/** A picture's pixels as a file. A canvas holds colours multiplied by alpha: a see-through PNG is written here. */

/** @throws Error when the browser does not write this type. */
export async function pictureBlob(image: ImageData, type: string, quality?: number): Promise<Blob> {
  if (type === 'image/png' && isSeeThrough(image)) {
    // A part of the program that few need.
    const { seeThroughPng } = await import('./see-through-png.ts');
    return seeThroughPng(image);
  }
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  const blob = await canvas.convertToBlob({ type, ...(quality !== undefined && { quality }) });
  if (blob.type !== type) throw new Error(`this browser writes no ${type}`);
  return blob;
}

function isSeeThrough({ data }: ImageData): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return true;
  return false;
}

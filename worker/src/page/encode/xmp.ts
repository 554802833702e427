import type { FrameOrigin } from './messages.ts';
import { asciiJson, SOFTWARE } from './origin-text.ts';

const escaped = (text: string) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);

/** An XMP packet (ISO 16684-1) that says what a frame is of: what JPEG, WebP and AVIF hold instead of plain texts. */
export function xmpPacket({ sceneHash, frameNumber, settings, sampling }: FrameOrigin): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
      '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:kiln="urn:kiln:frame"' +
      ` xmp:CreatorTool="${SOFTWARE}" kiln:sceneHash="${sceneHash}" kiln:frameNumber="${frameNumber}"` +
      ` kiln:sampling="${escaped(asciiJson(sampling))}"` +
      ` kiln:settings="${escaped(asciiJson(settings))}"/></rdf:RDF></x:xmpmeta>`,
  );
}

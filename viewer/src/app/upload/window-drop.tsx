/** The whole window takes files. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { gatherFromDrop } from '../../upload/gather-drop.ts';
import { Icon } from '../design/icon.tsx';
import { useServices } from '../farm/farm-context.ts';

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

export function WindowDrop() {
  const { uploads } = useServices();
  const [over, setOver] = useState(false);
  // dragenter and dragleave come for every element on the way: only their balance says whether files are above the page.
  const depth = useRef(0);
  // Before the page is painted: what falls onto it while nobody listens takes the browser to that file.
  useLayoutEffect(() => {
    const control = new AbortController();
    const listen = (name: 'dragenter' | 'dragover' | 'dragleave' | 'drop', listener: (event: DragEvent) => void) =>
      window.addEventListener(
        name,
        (event) => {
          if (!hasFiles(event)) return;
          event.preventDefault();
          listener(event);
        },
        { signal: control.signal },
      );
    listen('dragenter', () => {
      depth.current += 1;
      setOver(true);
    });
    listen('dragleave', () => {
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    });
    listen('dragover', ({ dataTransfer }) => {
      if (dataTransfer) dataTransfer.dropEffect = 'copy';
    });
    listen('drop', ({ dataTransfer }) => {
      depth.current = 0;
      setOver(false);
      if (!dataTransfer) return;
      const gathered = gatherFromDrop(dataTransfer.items);
      void uploads.begin(() => gathered);
    });
    return () => control.abort();
  }, [uploads]);
  if (!over) return null;
  return (
    <div class="window-drop" data-testid="window-drop">
      <div class="window-drop-card">
        <Icon name="upload" size={40} />
        <p>Drop it anywhere</p>
        <span>A .glb, the folder of a .gltf, FBX, OBJ, USDZ, STL, PLY, Collada, 3MF, three.js JSON, or a ZIP</span>
      </div>
    </div>
  );
}

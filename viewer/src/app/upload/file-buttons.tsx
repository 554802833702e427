/** Choosing files instead of dropping them. */
import { useRef } from 'preact/hooks';
import { gatherFromInput } from '../../upload/gathered-file.ts';
import { Button } from '../design/button.tsx';
import { useServices } from '../farm/farm-context.ts';

export function FileButtons() {
  const { uploads } = useServices();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const begin = (input: HTMLInputElement) => {
    const gathered = gatherFromInput(input.files ?? []);
    // The same files can be chosen again.
    input.value = '';
    if (gathered.length > 0) void uploads.begin(() => gathered);
  };
  return (
    <div class="file-buttons">
      <Button kind="primary" icon="file" onClick={() => files.current?.click()}>
        Choose files
      </Button>
      <Button icon="folder" onClick={() => folder.current?.click()}>
        Choose a folder
      </Button>
      <input
        ref={files}
        class="visually-hidden"
        type="file"
        multiple
        tabIndex={-1}
        aria-label="Files of a scene"
        data-testid="drop-files-input"
        onChange={({ currentTarget }) => begin(currentTarget)}
      />
      <input
        ref={(input) => {
          folder.current = input;
          // No attribute of JSX: the platform has it only by its prefixed name.
          input?.setAttribute('webkitdirectory', '');
        }}
        class="visually-hidden"
        type="file"
        multiple
        tabIndex={-1}
        aria-label="Folder of a scene"
        data-testid="drop-folder-input"
        onChange={({ currentTarget }) => begin(currentTarget)}
      />
    </div>
  );
}

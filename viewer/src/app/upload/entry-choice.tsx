/** Asks which of several files is the scene. */
import { useId, useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';

export function EntryChoice({
  candidates,
  onChoose,
  onCancel,
}: {
  readonly candidates: readonly string[];
  readonly onChoose: (path: string) => void;
  readonly onCancel: () => void;
}) {
  const [path, setPath] = useState(candidates[0] ?? '');
  const name = useId();
  return (
    <form
      class="entry-choice"
      data-testid="entry-choice"
      onSubmit={(event) => {
        event.preventDefault();
        onChoose(path);
      }}
    >
      <fieldset>
        <legend>There are {candidates.length} scenes in it. Which one?</legend>
        <div class="entry-choice-list">
          {candidates.map((candidate) => (
            <label key={candidate} class="entry-option" data-testid="entry-option" data-path={candidate}>
              <input type="radio" name={name} checked={candidate === path} onChange={() => setPath(candidate)} />
              <span>{candidate}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div class="upload-actions">
        <Button small onClick={onCancel}>
          Cancel
        </Button>
        <Button small kind="primary" type="submit" testId="entry-confirm">
          Use this one
        </Button>
      </div>
    </form>
  );
}

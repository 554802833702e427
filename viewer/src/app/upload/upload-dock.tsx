/** The uploads of this page, in the corner of every page. */

import { Button } from '../design/button.tsx';
import { Notice } from '../design/notice.tsx';
import { useServices } from '../farm/farm-context.ts';
import { UploadCard } from './upload-card.tsx';

export function UploadDock() {
  const { uploads } = useServices();
  const items = uploads.items.value;
  const problem = uploads.problem.value;
  if (items.length === 0 && problem === null) return null;
  return (
    <section class="upload-dock" aria-label="Uploads">
      {problem !== null && (
        <div class="upload-card">
          <Notice kind="error" title="These files cannot be read" testId="upload-problem">
            <p>{problem}</p>
          </Notice>
          <div class="upload-actions">
            <Button
              small
              onClick={() => {
                uploads.problem.value = null;
              }}
            >
              Dismiss
            </Button>
          </div>
        </div>
      )}
      {items.map((item) => (
        <UploadCard key={item.id} item={item} onDismiss={() => uploads.dismiss(item.id)} />
      ))}
    </section>
  );
}

/** What the render will have and the live view does not. */
import { Icon } from '../design/icon.tsx';
import { notInLiveView } from './render-form.ts';
import type { SceneModel } from './scene-model.ts';

export function LiveNote({ model }: { readonly model: SceneModel }) {
  const missing = notInLiveView(model.form.value);
  if (missing.length === 0) return null;
  const [last = '', ...before] = missing.toReversed();
  const list = before.length === 0 ? last : `${before.toReversed().join(', ')} or ${last}`;
  return (
    <p class="stage-note" role="status" data-testid="live-note">
      <Icon name="info" size={14} />
      <span>Preview without {list}</span>
    </p>
  );
}

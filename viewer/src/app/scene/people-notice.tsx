/** What people at a live view have to know without looking for it: who moves the picture, and who asks to. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Audience } from '../../live/session-role.ts';
import { Button } from '../design/button.tsx';
import { type Spoken, withSpoken } from '../design/spoken-list.ts';
import { newsOf } from './people-news.ts';
import { CameraAction } from './people-panel.tsx';
import type { SceneModel } from './scene-model.ts';

export function PeopleNotice({ model }: { readonly model: SceneModel }) {
  const audience = model.audience.value;
  return (
    <>
      <News audience={audience} />
      {audience && <Notice model={model} audience={audience} />}
    </>
  );
}

/** For those who do not see it: what is added is read, and nothing else. */
export function News({ audience }: { readonly audience: Audience | null }) {
  const before = useRef<Audience | null>(null);
  const [spoken, setSpoken] = useState<readonly Spoken[]>([]);
  useEffect(() => {
    const news = audience ? newsOf(before.current, audience) : [];
    before.current = audience;
    setSpoken((said) => withSpoken(said, news));
  }, [audience]);
  return (
    <div class="visually-hidden" role="log" aria-live="polite" data-testid="people-news">
      {spoken.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}

function Notice({ model, audience }: { readonly model: SceneModel; readonly audience: Audience }) {
  const { you, driver, viewers } = audience;
  /** Whom the driver has answered with “not now”, until they ask again. */
  const [later, setLater] = useState<readonly number[]>([]);
  const asking = viewers.filter(({ asks }) => asks);
  useEffect(() => {
    setLater((ids) => ids.filter((id) => asking.some((person) => person.id === id)));
  }, [audience]);
  if (driver === you) {
    const [next] = asking.filter(({ id }) => !later.includes(id));
    if (!next) return null;
    return (
      <div class="people-notice" data-testid="camera-asked">
        <span>{next.label} asks for the camera</span>
        <Button
          small
          class="button-glass"
          testId="camera-give-now"
          onClick={() => model.viewport.value?.giveCamera(next.id)}
        >
          Give
        </Button>
        <Button small class="button-glass" testId="camera-later" onClick={() => setLater([...later, next.id])}>
          Not now
        </Button>
      </div>
    );
  }
  const holder = viewers.find(({ id }) => id === driver);
  return (
    <div class="people-notice" data-testid="watching" data-driver={driver ?? ''}>
      <span>
        {holder
          ? `${holder.label} ${holder.away ? 'has lost the connection' : 'has the camera'}`
          : 'The camera is free'}
      </span>
      <CameraAction model={model} audience={audience} />
    </div>
  );
}

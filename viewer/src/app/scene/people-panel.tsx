/** Who looks at the live view, who has its camera, and how it goes from one to another. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Audience } from '../../live/session-role.ts';
import { Button } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { toast } from '../design/toasts.tsx';
import { nameOf } from './people-news.ts';
import type { SceneModel } from './scene-model.ts';
import { watchLink } from './watch-link.ts';

type Person = Audience['viewers'][number];

const ALONE: Audience = {
  you: 1,
  driver: 1,
  mayTake: false,
  viewers: [{ id: 1, label: 'Viewer 1', owner: true, mayDrive: true, asks: false, away: false }],
};

export function PeopleButton({ model }: { readonly model: SceneModel }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const others = (model.audience.value?.viewers.length ?? 1) - 1;
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      place.current?.querySelector('button')?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [open]);
  return (
    <div ref={place} class="people-place">
      <button
        type="button"
        class={`button button-glass ${others > 0 ? 'people-button' : 'button-icon'}`}
        aria-label={others > 0 ? `People at this view: you and ${others} more` : 'Watch together'}
        title="Watch together"
        aria-expanded={open}
        aria-controls={id}
        data-testid="people-button"
        onClick={() => setOpen(!open)}
      >
        <Icon name="users" />
        {others > 0 && <span class="people-count">{others + 1}</span>}
      </button>
      {open && <PeoplePanel id={id} model={model} />}
    </div>
  );
}

function PeoplePanel({ id, model }: { readonly id: string; readonly model: SceneModel }) {
  const audience = model.audience.value ?? ALONE;
  const heading = useId();
  return (
    <section id={id} class="people" aria-labelledby={heading} data-testid="people">
      <h2 id={heading} class="people-title">
        Watch together
      </h2>
      <ul class="people-list">
        {audience.viewers.map((person) => (
          <PersonRow key={person.id} model={model} audience={audience} person={person} />
        ))}
      </ul>
      <CameraAction model={model} audience={audience} />
      <InviteLink model={model} />
    </section>
  );
}

interface PersonRowProps {
  readonly model: SceneModel;
  readonly audience: Audience;
  readonly person: Person;
}

function PersonRow({ model, audience, person }: PersonRowProps) {
  const drives = person.id === audience.driver;
  const mayGive = audience.driver === audience.you && !drives && !person.away && person.mayDrive;
  return (
    <li class="person" data-testid="person" data-id={person.id} data-drives={drives} data-asks={person.asks}>
      <span
        class={`person-mark${drives ? ' person-drives' : ''}${person.away ? ' person-away' : ''}`}
        aria-hidden="true"
      >
        {drives ? <Icon name="camera" size={14} /> : person.id}
      </span>
      <span class="person-text">
        <span class="person-name">{nameOf(person, audience.you)}</span>
        <span class="person-state">{stateOf(person, drives, person.id === audience.you)}</span>
      </span>
      {mayGive && (
        <Button
          small
          kind={person.asks ? 'primary' : 'plain'}
          label={`Give the camera to ${person.label}`}
          testId="camera-give"
          onClick={() => model.viewport.value?.giveCamera(person.id)}
        >
          Give
        </Button>
      )}
    </li>
  );
}

function stateOf({ away, asks, mayDrive, owner }: Person, drives: boolean, isYou: boolean): string {
  if (away) return 'connection lost';
  if (drives) return isYou ? 'have the camera' : 'has the camera';
  if (asks) return isYou ? 'asked for the camera' : 'asks for the camera';
  if (isYou) return mayDrive ? 'watch' : 'only watch';
  if (!mayDrive) return 'only watches';
  return owner ? 'watches · opened this view' : 'watches';
}

/** What this page may do about the camera now: one thing. */
export function CameraAction({ model, audience }: { readonly model: SceneModel; readonly audience: Audience }) {
  const { you, driver, mayTake, viewers } = audience;
  const me = viewers.find(({ id }) => id === you);
  const view = model.viewport.value;
  if (!me || (viewers.length === 1 && driver === you)) return null;
  if (!me.mayDrive) return <p class="people-hint">With this link you watch.</p>;
  if (driver === you) {
    return (
      <Button small testId="camera-release" onClick={() => view?.releaseCamera()}>
        Let go of the camera
      </Button>
    );
  }
  if (mayTake) {
    return (
      <Button small kind="primary" icon="camera" testId="camera-take" onClick={() => view?.takeCamera()}>
        {me.owner && driver !== null ? 'Take the camera back' : 'Take the camera'}
      </Button>
    );
  }
  return me.asks ? (
    <Button small testId="camera-withdraw" onClick={() => view?.releaseCamera()}>
      You asked · withdraw
    </Button>
  ) : (
    <Button small kind="primary" icon="camera" testId="camera-request" onClick={() => view?.requestCamera()}>
      Ask for the camera
    </Button>
  );
}

function InviteLink({ model }: { readonly model: SceneModel }) {
  const input = useRef<HTMLInputElement>(null);
  // There is one once the farm has welcomed the view.
  const sessionId = model.live.value.phase === 'closed' ? null : model.viewport.value?.sessionId;
  if (!sessionId) return null;
  const link = watchLink(location.href, sessionId);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(link);
      toast('The link is copied. Whoever opens it sees what you see.');
    } catch {
      // On plain HTTP there is no clipboard.
      input.current?.select();
      toast('The link is selected: copy it with Ctrl+C or ⌘C.');
    }
  }

  return (
    <div class="people-invite">
      <input
        ref={input}
        class="input mono"
        readOnly
        value={link}
        aria-label="Link to watch"
        data-testid="watch-link"
        onFocus={({ currentTarget }) => currentTarget.select()}
      />
      <Button small icon="link" testId="copy-watch-link" onClick={() => void copy()}>
        Copy link to watch
      </Button>
      <p class="people-hint">
        For people of your farm: they see this view as you move it. Whoever opens the scene itself has a camera of their
        own.
      </p>
    </div>
  );
}

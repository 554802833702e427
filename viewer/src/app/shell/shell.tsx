/** What stands around every page: navigation, the state of the connection, uploads, and the drop target. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { Button } from '../design/button.tsx';
import { Icon, type IconName } from '../design/icon.tsx';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';
import type { Session } from '../farm/session.ts';
import { UploadDock } from '../upload/upload-dock.tsx';
import { WindowDrop } from '../upload/window-drop.tsx';
import { LinkBanner } from './link-banner.tsx';
import { Mark } from './mark.tsx';
import type { Theme } from './theme.ts';

const PLACES: readonly {
  readonly href: string;
  readonly name: string;
  readonly icon: IconName;
  readonly under: string;
}[] = [
  { href: '/', name: 'Scenes', icon: 'box', under: '/scenes' },
  { href: '/jobs', name: 'Jobs', icon: 'jobs', under: '/jobs' },
  { href: '/workers', name: 'Workers', icon: 'cpu', under: '/workers' },
];

const THEME_ICON: Readonly<Record<Theme, IconName>> = { system: 'monitor', light: 'sun', dark: 'moon' };

export function Shell({ children }: { readonly children: ComponentChildren }) {
  const { farm, uploads } = useServices();
  const { path, route } = useLocation();
  // A scene that was dropped on the library opens when it is ready; elsewhere nobody is torn away from what they do.
  useEffect(
    () =>
      uploads.onReady((sceneId) => {
        const isScene = farm.scenes.list.peek().items.some(({ id }) => id === sceneId);
        if (isScene && location.pathname === '/') route(`/scenes/${sceneId}`);
      }),
    [farm, uploads, route],
  );
  return (
    <div class="shell">
      <a class="skip-link" href="#content">
        Skip to the content
      </a>
      <TopBar path={path} />
      <LinkBanner />
      <main id="content" class="content" tabIndex={-1}>
        {children}
      </main>
      <UploadDock />
      <WindowDrop />
    </div>
  );
}

function TopBar({ path }: { readonly path: string }) {
  const { farm, theme } = useServices();
  const session = farm.session.state.value;
  const link = farm.link.value.state;
  return (
    <header class="top-bar">
      <a class="brand" href="/" aria-label="Kiln, to the scenes">
        <Mark size={26} />
        <span class="brand-name">Kiln</span>
      </a>
      <nav class="places" aria-label="Places">
        {PLACES.map(({ href, name, icon, under }) => {
          const here = path === href || path.startsWith(under);
          return (
            <a key={href} class="place" href={href} aria-current={here ? 'page' : undefined}>
              <Icon name={icon} />
              <span>{name}</span>
            </a>
          );
        })}
      </nav>
      <div class="top-bar-end">
        <span
          class={`link-dot link-${link}`}
          data-testid="link"
          data-state={link}
          role="status"
          title={LINK_TEXT[link]}
        >
          <span class="visually-hidden">{LINK_TEXT[link]}</span>
        </span>
        {session.state === 'signed-in' && <span class="tenant">{session.me.tenant.name}</span>}
        <Button
          kind="quiet"
          icon={THEME_ICON[theme.theme.value]}
          label={`Theme: ${theme.theme.value}. Change it`}
          testId="theme"
          onClick={() => theme.next()}
        />
        <Button
          kind="quiet"
          icon="log-out"
          label="Sign out"
          testId="sign-out"
          onClick={() => signOut(farm.session).catch(toastError)}
        />
      </div>
    </header>
  );
}

/** The address names what the next who signs in may not see. */
async function signOut(session: Session): Promise<void> {
  await session.signOut();
  history.replaceState(null, '', '/');
}

const LINK_TEXT = {
  connecting: 'Connecting to the farm',
  live: 'Connected to the farm',
  lost: 'The connection to the farm is lost',
} as const;

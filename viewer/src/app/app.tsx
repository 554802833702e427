import { APP_PAGES } from '@kiln/shared';
import { useEffect } from 'preact/hooks';
import { ErrorBoundary, LocationProvider, Route, Router } from 'preact-iso';
import { Button } from './design/button.tsx';
import { Empty, Spinner } from './design/notice.tsx';
import { Toasts } from './design/toasts.tsx';
import { useServices } from './farm/farm-context.ts';
import { JobPage } from './jobs/job-page.tsx';
import { JobsPage } from './jobs/jobs-page.tsx';
import { HomePage } from './library/home-page.tsx';
import { ScenePage } from './scene/scene-page.tsx';
import { Shell } from './shell/shell.tsx';
import { SignInPage } from './sign-in/sign-in-page.tsx';
import { WorkersPage } from './workers/workers-page.tsx';

export function App() {
  const { farm } = useServices();
  const session = farm.session.state.value;
  switch (session.state) {
    case 'checking':
      return (
        <main class="middle">
          <Spinner label="Opening Kiln" />
        </main>
      );
    case 'unreachable':
      return (
        <main class="middle">
          <Empty icon="cloud-off" title="The farm cannot be reached">
            <p>It may be starting, or the network is down. {session.message}</p>
            <Button kind="primary" icon="retry" onClick={() => void farm.session.begin()}>
              Try again
            </Button>
          </Empty>
        </main>
      );
    case 'signed-out':
      return <SignInPage problem={session.problem} />;
    case 'signed-in':
      return <SignedIn key={session.me.tenant.id} />;
  }
}

function SignedIn() {
  const { farm, uploads } = useServices();
  useEffect(() => {
    farm.connect();
    return () => {
      uploads.stop();
      farm.disconnect();
    };
  }, [farm, uploads]);
  return (
    <LocationProvider>
      <Shell>
        <ErrorBoundary>
          <Router>
            <Route path={APP_PAGES.home} component={HomePage} />
            <Route path={APP_PAGES.scene} component={ScenePage} />
            <Route path={APP_PAGES.jobs} component={JobsPage} />
            <Route path={APP_PAGES.job} component={JobPage} />
            <Route path={APP_PAGES.workers} component={WorkersPage} />
            <Route default component={NotFound} />
          </Router>
        </ErrorBoundary>
      </Shell>
      <Toasts />
    </LocationProvider>
  );
}

function NotFound() {
  return (
    <div class="page">
      <Empty icon="search" title="There is no such page">
        <a class="button button-plain" href="/">
          To the scenes
        </a>
      </Empty>
    </div>
  );
}

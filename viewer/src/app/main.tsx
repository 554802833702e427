import { createClient } from '@kiln/shared';
import { render } from 'preact';
import './styles.ts';
import { App } from './app.tsx';
import { createFarm } from './farm/farm.ts';
import { AppServicesProvider } from './farm/farm-context.ts';
import { createSession } from './farm/session.ts';
import { createThemeChoice } from './shell/theme.ts';
import { createUploads } from './upload/uploads.ts';

const client = createClient({
  url: '',
  async fetch(url, init) {
    const response = await fetch(url, init);
    if (response.status === 401) session.expired();
    return response;
  },
});
const session = createSession(client);
const farm = createFarm(client, session);
const services = { farm, uploads: createUploads(farm), theme: createThemeChoice() };

const root = document.getElementById('app');
if (!root) throw new Error('The page has no #app.');
render(
  <AppServicesProvider value={services}>
    <App />
  </AppServicesProvider>,
  root,
);
void session.begin();
// An address with a new code, pasted into this tab, does not load the page again.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#code=')) void session.begin();
});

/** Films of a job: a player for each that is there, what the others wait for, why one failed. */
import { FILM_FORMATS, type Film, type Job } from '@kiln/shared';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../design/icon.tsx';
import { formatBytes, plural } from '../design/quantities.ts';
import { toastError } from '../design/toasts.tsx';
import { useServices } from '../farm/farm-context.ts';
import { versioned } from '../farm/versioned.ts';

export function JobFilms({ job }: { readonly job: Job }) {
  const { farm } = useServices();
  const [films, setFilms] = useState<readonly Film[]>([]);
  const { id: jobId, filmCount, filmsDone, filmsFailed, state } = job;
  // Its films change when the job says so: what counts them, and its state, ask again.
  const settled = `${filmsDone} ${filmsFailed} ${state}`;
  useEffect(() => {
    if (filmCount === 0) return;
    let isWanted = settled !== '';
    farm.client.listFilms({ params: { jobId } }).then(({ items }) => {
      if (isWanted) setFilms(items);
    }, toastError);
    return () => {
      isWanted = false;
    };
  }, [farm, jobId, filmCount, settled]);
  if (filmCount === 0) return null;
  return (
    <ul class="job-films" aria-label={`Films of ${job.name}`}>
      {films.map((film) => (
        <li key={`${film.layer}/${film.fileName}`} data-testid="job-film" data-state={film.state}>
          <FilmShown film={film} severalLayers={job.layers.length > 1} />
        </li>
      ))}
    </ul>
  );
}

function FilmShown({ film, severalLayers }: { readonly film: Film; readonly severalLayers: boolean }) {
  const { farm } = useServices();
  const name = severalLayers ? `${film.layer}/${film.fileName}` : film.fileName;
  if (film.url === null) return <p class="job-film-text">{waitingText(film, name)}</p>;
  const url = versioned(farm.client.urls.film(film), film.sha256);
  const missing = film.facts?.missing.length ?? 0;
  return (
    <>
      <Player film={film} url={url} name={name} />
      <p class="job-film-text">
        <a href={`${url}&download`} download={film.fileName} data-testid="job-film-download">
          <Icon name="download" size={14} /> {name}
        </a>{' '}
        {film.sizeBytes !== null && formatBytes(film.sizeBytes)}
        {missing > 0 && ` · ${plural(missing, 'frame')} missing: the picture before is shown`}
      </p>
    </>
  );
}

function Player({ film, url, name }: { readonly film: Film; readonly url: string; readonly name: string }) {
  if (!FILM_FORMATS[film.format].isForBrowsers) return null;
  if (film.mediaType.startsWith('image/')) return <img src={url} alt={name} loading="lazy" decoding="async" />;
  // biome-ignore lint/a11y/useMediaCaption: of rendered frames; there is nothing said in them
  return <video src={url} controls loop playsInline preload="metadata" aria-label={name} />;
}

function waitingText({ state, error }: Film, name: string): string {
  if (state === 'failed') return `${name} failed: ${error?.message ?? 'no reason was given'}`;
  if (state === 'cancelled') return `${name} was cancelled`;
  return state === 'leased' ? `${name} is being made of the frames that are done` : `${name} waits for the first frame`;
}

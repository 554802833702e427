/** A film of one attempt: frames are taken as they come, in their order, while later ones are still drawn. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Assignment, FILM_FORMATS, type FilmFrames, frameRateOf, IMAGE_FORMATS, KilnError } from '@kiln/shared';
import type { OpenPage } from '../browser/open-page.ts';
import { pause } from '../clock.ts';
import { type BareSoundFile, FfmpegSink } from '../film/ffmpeg-sink.ts';
import { FileSink, type FilmSink } from '../film/film-sink.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { FilmProgress } from '../page/contract.ts';
import type { HostedFile } from '../page-host/page-site.ts';
import type { AttemptContext } from './work-parts.ts';

type FilmWork = Extract<Assignment['work'], { kind: 'film' }>;
type FilmFrame = FilmFrames['frames'][number];

const SOUND = 'sound';
const FRAME = 'frame';

/** @throws KilnError why there is no film */
export async function runFilm(assignment: Assignment, work: FilmWork, context: AttemptContext): Promise<void> {
  const { cache, pool, lease } = context;
  await mkdir(cache.arrivalFolder, { recursive: true });
  const folder = await mkdtemp(join(cache.arrivalFolder, 'film-'));
  try {
    // It waits for frames, which must not wait for it.
    const { browser, release } = await pool.borrow(assignment.tenantId, 'live', lease.signal);
    try {
      const page = await browser.importPage();
      context.readLog = () => ({ page: page.console.lines, browser: browser.logTail });
      try {
        await new FilmRun(assignment, work, page, folder, context).run();
      } finally {
        await page.close(new KilnError('render.page_lost', 'the film is over'));
      }
    } finally {
      release();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class FilmRun {
  readonly #assignment: Assignment;
  readonly #work: FilmWork;
  readonly #page: OpenPage;
  readonly #folder: string;
  readonly #context: AttemptContext;
  /** Files that the page may ask for. */
  readonly #hosted = new Map<string, HostedFile>();
  readonly #missing: number[] = [];
  /** Frames before the first one that is there. */
  #leading: FilmFrame[] = [];
  #hasPicture = false;

  constructor(assignment: Assignment, work: FilmWork, page: OpenPage, folder: string, context: AttemptContext) {
    this.#assignment = assignment;
    this.#work = work;
    this.#page = page;
    this.#folder = folder;
    this.#context = context;
  }

  async run(): Promise<void> {
    const { lease } = this.#context;
    const stop = () => void this.#page.close(new KilnError('render.page_lost', 'the film is no longer wanted'));
    lease.signal.addEventListener('abort', stop, { once: true });
    this.#page.site.mountScene(this.#source, this.#hosted);
    const path = join(this.#folder, 'film');
    try {
      const last = await this.#make(path);
      await this.#deliver(path, last);
    } finally {
      lease.signal.removeEventListener('abort', stop);
      this.#page.site.unmountScene(this.#source);
    }
  }

  get #source(): string {
    return this.#assignment.attemptId;
  }

  async #make(path: string): Promise<FilmProgress> {
    const { plan, size, frameCount, fps } = this.#work;
    const rate = frameRateOf(fps);
    if (plan.audio) await this.#fetch(plan.audio.sha256, SOUND);
    const order = {
      source: this.#source,
      plan,
      size,
      rate,
      pictureCount: frameCount,
      audioPath: plan.audio ? SOUND : null,
    };
    const opened = await this.#call(() => this.#page.client.call('film-open', { film: order }));
    const { codec } = plan;
    const isBare = FILM_FORMATS[plan.format].maker === 'ffmpeg' && codec !== null;
    const sound = isBare && plan.audio ? await this.#bareSound() : null;
    const ffmpeg = isBare ? FfmpegSink.open({ codec, size: opened.result.size, rate, path, sound }) : null;
    const sink: FilmSink = ffmpeg ?? (await FileSink.open(path));
    try {
      await sink.write(opened.result, opened.bytes);
      for (let next = 0; next < frameCount; ) next += await this.#takeFrom(next, sink);
      if (!this.#hasPicture) throw noFrames();
      const { result, bytes } = await this.#call(() => this.#page.client.call('film-end', {}));
      await sink.write(result, bytes);
      await sink.end();
      return { ...result, audioCodec: ffmpeg?.audioCodec ?? result.audioCodec };
    } finally {
      await sink.close();
    }
  }

  /** Decoded in the page: what a tenant has made is parsed in the sandbox only. */
  async #bareSound(): Promise<BareSoundFile> {
    const path = join(this.#folder, 'samples');
    const file = await FileSink.open(path);
    try {
      for (;;) {
        const { result, bytes } = await this.#call(() => this.#page.client.call('film-sound', {}));
        if (result.writes.length === 0) return { path, hz: result.hz, channels: result.channels };
        await file.write(result, bytes);
      }
    } finally {
      await file.close();
    }
  }

  /** Takes the frames that are settled, or waits a little. @returns how many. */
  async #takeFrom(next: number, sink: FilmSink): Promise<number> {
    const { client, lease, membership } = this.#context;
    lease.signal.throwIfAborted();
    if (!lease.isHeld()) throw new KilnError('attempt.stale', 'the lease ran out before the film was made');
    const { frames } = await membership.persist(() => client.filmFrames(lease, next, lease.signal), lease.signal);
    if (frames.length === 0) await pause(WORKER_LIMITS.filmPollMs, lease.signal);
    for (const frame of frames) await this.#take(frame, sink);
    return frames.length;
  }

  async #take(frame: FilmFrame, sink: FilmSink): Promise<void> {
    if (frame.file === null) {
      this.#missing.push(frame.frameNumber);
      if (!this.#hasPicture) this.#leading.push(frame);
      else await this.#show(null, frame, sink);
      return;
    }
    const name = `${FRAME}.${IMAGE_FORMATS[this.#work.frameFormat].extension}`;
    await this.#fetch(frame.file.sha256, name);
    const leading = this.#leading;
    this.#leading = [];
    for (const earlier of leading) await this.#show(this.#hasPicture ? null : name, earlier, sink);
    await this.#show(this.#hasPicture && leading.length > 0 ? null : name, frame, sink);
  }

  /** @param path of the picture; null: the last one again. */
  async #show(path: string | null, { frameNumber }: FilmFrame, sink: FilmSink): Promise<void> {
    const { result, bytes } = await this.#call(() =>
      this.#page.client.call('film-picture', { path, label: String(frameNumber) }),
    );
    this.#hasPicture = true;
    await sink.write(result, bytes);
  }

  /** Brings a file of the film here, in the place of the one of this name before. */
  async #fetch(sha256: string, name: string): Promise<void> {
    const { client, lease, membership } = this.#context;
    const diskPath = join(this.#folder, name);
    await membership.persist(async () => {
      const bytes = await client.filmFile(lease, sha256, lease.signal);
      await pipeline(Readable.fromWeb(bytes), createWriteStream(diskPath, { mode: 0o600 }), { signal: lease.signal });
    }, lease.signal);
    this.#hosted.set(name, { diskPath, sizeBytes: (await stat(diskPath)).size });
  }

  async #deliver(diskPath: string, { size, pictureCount, audioCodec }: FilmProgress): Promise<void> {
    const { client, lease, log, membership } = this.#context;
    const { sizeBytes } = { sizeBytes: (await stat(diskPath)).size };
    const hash = createHash('sha256');
    await pipeline(createReadStream(diskPath), hash);
    const { numerator, denominator } = frameRateOf(this.#work.fps);
    const facts = {
      ...size,
      frameCount: pictureCount,
      missing: this.#missing,
      durationSec: (pictureCount * denominator) / numerator,
      audioCodec,
    };
    const mediaType = FILM_FORMATS[this.#work.plan.format].mediaType;
    const film = { result: { sha256: hash.digest('hex'), sizeBytes, facts }, mediaType, diskPath };
    lease.signal.throwIfAborted();
    await membership.persist(() => client.deliverFilm(lease, film, lease.signal), lease.signal);
    log.debug({ sizeBytes, pictureCount }, 'delivered a film');
  }

  /** Ends the page when an answer takes longer than a frame may. */
  async #call<T>(ask: () => Promise<T>): Promise<T> {
    const { timeoutMs } = this.#assignment;
    const over = new AbortController();
    void pause(timeoutMs, over.signal).then(() => {
      if (over.signal.aborted) return;
      void this.#page.close(new KilnError('render.timeout', `a picture of the film took more than ${timeoutMs} ms`));
    });
    try {
      return await ask();
    } finally {
      over.abort();
    }
  }
}

const noFrames = () => new KilnError('job.no_frames', 'no frame of the film is there: each of them failed');

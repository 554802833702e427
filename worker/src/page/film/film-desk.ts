/** The film that the page makes, if it makes one: opened, given its pictures one by one, and ended. */
import { FILM_FORMATS, KilnError, type Size } from '@kiln/shared';
import { type FilmProgress, SCENE_ROUTE } from '../contract.ts';
import { AnimatedWebpMaker } from './animated-webp.ts';
import { BareSound } from './bare-sound.ts';
import { ContactSheetMaker } from './contact-sheet.ts';
import { FilmBytes } from './film-bytes.ts';
import type { FilmMaker } from './film-maker.ts';
import type { FilmOrder, FilmSound } from './film-order.ts';
import { evenSize } from './film-size.ts';
import { GifMaker } from './gif.ts';
import { PictureReader } from './picture-reader.ts';
import { RawMaker } from './raw.ts';
import { VideoMaker } from './video-maker.ts';

interface OpenFilm {
  readonly order: FilmOrder;
  readonly maker: FilmMaker;
  readonly reader: PictureReader;
  readonly bytes: FilmBytes;
  /** Of a film that is encoded outside. */
  readonly sound: BareSound | null;
  last: Uint8ClampedArray | null;
  pictureCount: number;
}

export interface FilmAnswer {
  readonly result: FilmProgress;
  /** Parts of the file, one after the other, as `result.writes` says. */
  readonly bytes: ArrayBuffer;
}

export class FilmDesk {
  #film: OpenFilm | null = null;

  /** @throws KilnError `job.unsupported`, `render.failed` */
  async open(order: FilmOrder): Promise<FilmAnswer> {
    const bytes = new FilmBytes();
    const { plan } = order;
    const size = plan.codec !== null && plan.codec !== 'ffv1' ? evenSize(order.size) : order.size;
    const reader = new PictureReader(order.size, size, plan.format === 'webp' || plan.format === 'contact-sheet');
    const maker = await this.#maker(order, size, reader, bytes);
    const sound = await bareSound(order);
    const film = { order, maker, reader, bytes, sound, last: null, pictureCount: 0 };
    this.#film = film;
    return answerOf(film, null);
  }

  /** @throws KilnError `job.unsupported`, `render.failed` */
  async sound(): Promise<{ readonly result: FilmSound; readonly bytes: ArrayBuffer }> {
    const { sound } = this.#opened();
    if (!sound) throw new KilnError('render.failed', 'this film has no sound that is encoded outside');
    const { writes, bytes } = await sound.take();
    return { result: { ...sound.layout, writes }, bytes };
  }

  /**
   * @param path of the picture's file under the film's source; null for the last picture once more.
   * @throws KilnError `render.failed`
   */
  async add(path: string | null, label: string): Promise<FilmAnswer> {
    const film = this.#opened();
    if (path !== null) film.last = await film.reader.read(await fetchFile(film.order.source, path));
    if (!film.last) throw new KilnError('render.failed', 'a film cannot begin with a picture that is not there');
    await film.maker.add({ rgba: film.last, label });
    film.pictureCount += 1;
    return answerOf(film, null);
  }

  async end(): Promise<FilmAnswer> {
    const film = this.#opened();
    const { audioCodec } = await film.maker.end();
    film.sound?.close();
    this.#film = null;
    return answerOf(film, audioCodec);
  }

  #opened(): OpenFilm {
    if (!this.#film) throw new KilnError('render.failed', 'this page makes no film');
    return this.#film;
  }

  async #maker(order: FilmOrder, size: Size, reader: PictureReader, bytes: FilmBytes): Promise<FilmMaker> {
    const { plan, rate, pictureCount } = order;
    const sized = { size, rate, pictureCount };
    switch (plan.format) {
      case 'mp4':
      case 'webm': {
        if (plan.codec === null) throw new KilnError('job.unsupported', `a film in ${plan.format} needs a codec`);
        const audio = order.audioPath === null ? null : await fetchFile(order.source, order.audioPath);
        return VideoMaker.open({ ...sized, container: plan.format, codec: plan.codec, audio }, bytes);
      }
      case 'webp':
        return new AnimatedWebpMaker(sized, reader.canvas, bytes);
      case 'gif':
        return new GifMaker(sized, bytes);
      case 'contact-sheet':
        return new ContactSheetMaker(sized, reader.canvas, bytes);
      case 'mov':
      case 'mkv':
        return new RawMaker(sized, bytes);
    }
  }
}

async function bareSound({ source, plan, rate, pictureCount, audioPath }: FilmOrder): Promise<BareSound | null> {
  if (audioPath === null || FILM_FORMATS[plan.format].maker !== 'ffmpeg') return null;
  return BareSound.open(await fetchFile(source, audioPath), (pictureCount * rate.denominator) / rate.numerator);
}

function answerOf({ maker, bytes, pictureCount }: OpenFilm, audioCodec: string | null): FilmAnswer {
  const taken = bytes.take();
  return { result: { size: maker.size, pictureCount, audioCodec, writes: taken.writes }, bytes: taken.bytes };
}

async function fetchFile(source: string, path: string): Promise<Blob> {
  const response = await fetch(`${SCENE_ROUTE}/${source}/${encodeURIComponent(path)}`);
  if (!response.ok) throw new KilnError('render.failed', `a file of the film did not come: ${response.status}`);
  return response.blob();
}

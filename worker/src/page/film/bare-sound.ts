import { KilnError } from '@kiln/shared';
import { ALL_FORMATS, type AudioSample, AudioSampleSink, BlobSource, Input } from 'mediabunny';
import { FilmBytes } from './film-bytes.ts';

/** Of a float. */
const SAMPLE_BYTES = 4;

/** So many bytes are decoded before they are sent: some ten seconds. */
const PART_BYTES = 4_194_304;

/** How the samples lie one after the other: 32-bit floats, little-endian, of all channels of a moment. */
export interface SampleLayout {
  readonly hz: number;
  readonly channels: number;
}

/** The sound of a film as bare samples, for an encoder outside, which then reads no files. */
export class BareSound {
  readonly layout: SampleLayout;
  readonly #input: Input;
  readonly #samples: AsyncGenerator<AudioSample, void>;
  readonly #endSec: number;
  readonly #bytes = new FilmBytes();
  #next: AudioSample | null;

  private constructor(input: Input, samples: AsyncGenerator<AudioSample, void>, first: AudioSample, endSec: number) {
    this.#input = input;
    this.#samples = samples;
    this.#next = first;
    this.#endSec = endSec;
    this.layout = { hz: first.sampleRate, channels: first.numberOfChannels };
  }

  /**
   * @param endSec when the film ends, and the sound with it.
   * @throws KilnError `job.unsupported` when there is no sound in the file that this browser can decode.
   */
  static async open(file: Blob, endSec: number): Promise<BareSound> {
    const input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
    const track = await input.getPrimaryAudioTrack().catch(() => null);
    if (!track || !(await track.canDecode())) {
      throw new KilnError('job.unsupported', 'there is no sound that can be decoded in the sound file');
    }
    const samples = new AudioSampleSink(track).samples(0, endSec);
    const first = (await samples.next()).value;
    if (!first) throw new KilnError('job.unsupported', 'the sound file has a track without sound');
    return new BareSound(input, samples, first, endSec);
  }

  /** Decodes some more. @returns where the bytes go; none when all was given. */
  async take(): Promise<ReturnType<FilmBytes['take']>> {
    let size = 0;
    while (this.#next && size < PART_BYTES) {
      size += this.#write(this.#next);
      this.#next.close();
      this.#next = (await this.#samples.next()).value ?? null;
    }
    return this.#bytes.take();
  }

  close(): void {
    this.#next?.close();
    this.#next = null;
    void this.#samples.return(undefined);
    this.#input.dispose();
  }

  /** At its time: encoders put some before the beginning, and files may have gaps. */
  #write(sample: AudioSample): number {
    const { hz, channels } = this.layout;
    if (sample.sampleRate !== hz || sample.numberOfChannels !== channels) {
      throw new KilnError('job.unsupported', 'the sound changes its sample rate or its channels');
    }
    const first = Math.round(sample.timestamp * hz);
    const from = Math.max(0, -first);
    const count = Math.min(sample.numberOfFrames, Math.round(this.#endSec * hz) - first) - from;
    if (count <= 0) return 0;
    const bytes = new Uint8Array(count * channels * SAMPLE_BYTES);
    sample.copyTo(bytes, { planeIndex: 0, format: 'f32', frameOffset: from, frameCount: count });
    this.#bytes.write((first + from) * channels * SAMPLE_BYTES, bytes);
    return bytes.length;
  }
}

import { KilnError } from '@kiln/shared';
import {
  ALL_FORMATS,
  type AudioCodec,
  AudioSampleSink,
  AudioSampleSource,
  BlobSource,
  EncodedAudioPacketSource,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  type Output,
  QUALITY_HIGH,
} from 'mediabunny';

/** What each container takes as it came. Anything else is decoded and becomes Opus, which both hold. */
const COPIED: Readonly<Record<'mp4' | 'webm', readonly AudioCodec[]>> = {
  mp4: ['aac', 'mp3', 'opus', 'flac'],
  webm: ['opus', 'vorbis'],
};

/** Opus knows no other that music is recorded at. */
const OPUS_HZ = 48_000;

/** Packets in a second that no codec exceeds: 512 samples of 96 kHz, which are 5 ms. */
const PACKETS_PER_SEC = 190;

/** Some of the sound: when it is heard, in seconds, and how it gets into the film. */
interface SoundPart {
  readonly timestamp: number;
  readonly write: () => Promise<void>;
}

/** The sound of a film: read as the pictures go on, from its beginning, until the film or the sound ends. */
export class Soundtrack {
  readonly codec: string;
  readonly #input: Input;
  readonly #endSec: number;
  readonly #parts: AsyncGenerator<SoundPart, void>;
  #next: SoundPart | null = null;
  #isOver = false;

  private constructor(codec: string, input: Input, endSec: number, parts: AsyncGenerator<SoundPart, void>) {
    this.codec = codec;
    this.#input = input;
    this.#endSec = endSec;
    this.#parts = parts;
  }

  /**
   * Adds its track to `output`, which has not begun.
   *
   * @throws KilnError `job.unsupported` when there is no sound in the file that this browser can read.
   */
  static async open(file: Blob, container: 'mp4' | 'webm', output: Output, endSec: number): Promise<Soundtrack> {
    const input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
    const track = await input.getPrimaryAudioTrack().catch(() => null);
    const codec = await track?.getCodec();
    if (!track || !codec)
      throw new KilnError('job.unsupported', 'there is no sound that can be read in the sound file');
    const maximumPacketCount = Math.ceil(endSec * PACKETS_PER_SEC) + PACKETS_PER_SEC;
    if (COPIED[container].includes(codec)) {
      const source = new EncodedAudioPacketSource(codec);
      output.addAudioTrack(source, { maximumPacketCount });
      return new Soundtrack(codec, input, endSec, copied(track, source));
    }
    if (!(await track.canDecode())) {
      throw new KilnError('job.unsupported', `the sound file holds ${codec}, which this browser cannot decode`);
    }
    const numberOfChannels = Math.min(2, await track.getNumberOfChannels());
    const source = new AudioSampleSource({
      codec: 'opus',
      bitrate: QUALITY_HIGH,
      transform: { sampleRate: OPUS_HZ, numberOfChannels },
    });
    output.addAudioTrack(source, { maximumPacketCount });
    return new Soundtrack('opus', input, endSec, encoded(track, source, endSec));
  }

  /** Writes what is heard before `untilSec`. */
  async feed(untilSec: number): Promise<void> {
    while (!this.#isOver) {
      this.#next ??= (await this.#parts.next()).value ?? null;
      if (!this.#next || this.#next.timestamp >= this.#endSec) {
        this.#isOver = true;
        return;
      }
      if (this.#next.timestamp >= untilSec) return;
      await this.#next.write();
      this.#next = null;
    }
  }

  async end(): Promise<void> {
    await this.feed(Number.POSITIVE_INFINITY);
    await this.#parts.return(undefined);
    this.#input.dispose();
  }
}

async function* copied(track: InputAudioTrack, source: EncodedAudioPacketSource): AsyncGenerator<SoundPart, void> {
  const decoderConfig = (await track.getDecoderConfig()) ?? undefined;
  for await (const packet of new EncodedPacketSink(track).packets()) {
    yield { timestamp: packet.timestamp, write: () => source.add(packet, decoderConfig ? { decoderConfig } : {}) };
  }
}

async function* encoded(
  track: InputAudioTrack,
  source: AudioSampleSource,
  endSec: number,
): AsyncGenerator<SoundPart, void> {
  for await (const sample of new AudioSampleSink(track).samples(0, endSec)) {
    yield {
      timestamp: sample.timestamp,
      write: async () => {
        try {
          await source.add(sample);
        } finally {
          sample.close();
        }
      },
    };
  }
}

/**
 * Who looks at one session, and who has its camera: one viewer or none ([LV33]). A seat outlives its connection, so that
 * whoever comes back finds it as it was.
 */
import {
  type CameraAction,
  isVideoCodec,
  KilnError,
  LIMITS,
  PictureCodec,
  type ServerMessage,
  type TokenAccess,
} from '@kiln/shared';
import { hashSecret, sameSecret } from '../workers/secrets.ts';
import { type KeptAudience, type KeptSeat, OWNER_ID } from './kept-session.ts';
import type { ViewerPeer } from './viewer-peer.ts';

/** A viewer's connection, as far as a session uses it. */
export type SeatPeer = Pick<
  ViewerPeer,
  'tell' | 'tellNewest' | 'picture' | 'needsWhole' | 'dropPictures' | 'close' | 'end'
>;

export interface Seat {
  /** From 1, in the order in which they came. */
  readonly id: number;
  readonly isOwner: boolean;
  /** What it may do by itself, and by which token; null: by an identity of the tenant. */
  readonly access: TokenAccess;
  readonly tokenId: string | null;
  /** [LV43] */
  readonly maxSamples: number | null;
  codecs: readonly PictureCodec[];
  resumeHash: string;
  /** Null while the connection is lost. */
  peer: SeatPeer | null;
  /** When its connection was lost last. */
  leftAtMs: number;
  /** When its connection is given up. */
  timer: NodeJS.Timeout | null;
}

type NewSeat = Pick<Seat, 'access' | 'tokenId' | 'maxSamples' | 'codecs' | 'resumeHash' | 'peer'>;

export class Audience {
  readonly #seats = new Map<number, Seat>();
  #lastId = 0;
  #isRestored = false;
  #driver: Seat | null = null;
  /** Whose connection was lost while it drove: the camera is its own again when it comes back to a free one. */
  #lastDriver: Seat | null = null;
  /** In the order in which they asked. */
  #asking: readonly Seat[] = [];
  #driverHeardAtMs: number;

  /** @param nowMs of a clock that never jumps, as everywhere here. */
  constructor(nowMs: number) {
    this.#driverHeardAtMs = nowMs;
  }

  /** The first one has the camera. */
  add(seat: NewSeat): Seat {
    const id = ++this.#lastId;
    const added: Seat = { ...seat, id, isOwner: id === OWNER_ID, leftAtMs: 0, timer: null };
    this.#seats.set(id, added);
    if (added.isOwner) this.#driver = added;
    return added;
  }

  /** [LV42] Everybody of before is away, and has not said what it reads; the camera is whose it was. */
  restore({ seats, lastId, driver }: KeptAudience): void {
    for (const seat of seats) {
      const away = { isOwner: seat.id === OWNER_ID, codecs: PictureCodec.enum, peer: null, leftAtMs: 0, timer: null };
      this.#seats.set(seat.id, { ...seat, ...away });
    }
    this.#lastId = lastId;
    this.#isRestored = true;
    this.#driver = driver === null ? null : (this.#seats.get(driver) ?? null);
  }

  get kept(): KeptAudience {
    const seats = this.all.map(({ id, access, tokenId, maxSamples, resumeHash }) => ({
      ...{ id, access, tokenId, maxSamples, resumeHash },
    }));
    return { seats, lastId: this.#lastId, driver: (this.#driver ?? this.#lastDriver)?.id ?? null };
  }

  remove(seat: Seat, nowMs: number): void {
    if (seat.timer) clearTimeout(seat.timer);
    seat.timer = null;
    this.#seats.delete(seat.id);
    this.#asking = this.#without(seat);
    if (this.#lastDriver === seat) this.#lastDriver = null;
    if (this.#driver === seat) this.#free(nowMs);
    // Whom nobody can give the camera has it.
    const [alone, ...others] = this.all;
    if (alone && others.length === 0 && this.#driver === null && mayDrive(alone)) this.#hand(alone, nowMs);
  }

  get all(): readonly Seat[] {
    return [...this.#seats.values()];
  }

  get driver(): Seat | null {
    return this.#driver;
  }

  seatOf(viewer: SeatPeer): Seat | null {
    return this.all.find(({ peer }) => peer === viewer) ?? null;
  }

  /** It drives, or will when it is back. [LV13] */
  hasCamera(seat: Seat): boolean {
    return seat === (this.#driver ?? this.#lastDriver);
  }

  /** Those whose connection is there. */
  get present(): readonly Seat[] {
    return this.all.filter(({ peer }) => peer !== null);
  }

  /**
   * [LV31] For one more: of those who are away, the one who left first goes; never the owner, nor whose the camera is.
   *
   * @throws KilnError `request.too_many`
   */
  makeRoom(nowMs: number): void {
    if (this.#seats.size < LIMITS.liveViewers) return;
    const [lost] = this.all
      .filter((seat) => seat.peer === null && !seat.isOwner && !this.hasCamera(seat))
      .sort((one, other) => one.leftAtMs - other.leftAtMs);
    if (lost) this.remove(lost, nowMs);
    else throw new KilnError('request.too_many', `[LV31] a session has at most ${LIMITS.liveViewers} viewers`);
  }

  /**
   * What all can read, in the order of the one who drives; without, of the one who came first. [LV40] No video for several: each
   * gets pictures at its own pace, and one that leaves a frame out cannot read the next.
   */
  get codecs(): PictureCodec[] {
    const [first] = this.#driver ? [this.#driver] : this.all;
    const mayMiss = this.#seats.size > 1;
    return (first?.codecs ?? []).filter(
      (codec) => !(mayMiss && isVideoCodec(codec)) && this.all.every(({ codecs }) => codecs.includes(codec)),
    );
  }

  /** The one who drives has moved something. @returns whether it was silent before. */
  driverHeard(nowMs: number): boolean {
    const wasSilent = this.isSilent(nowMs);
    this.#driverHeardAtMs = nowMs;
    return wasSilent;
  }

  /** [LV33] */
  isSilent(nowMs: number): boolean {
    return nowMs - this.#driverHeardAtMs >= LIMITS.liveDriverSilentMs;
  }

  /** Until then; null: nobody drives, or it is so already. */
  silentInMs(nowMs: number): number | null {
    if (this.#driver === null || this.isSilent(nowMs)) return null;
    return this.#driverHeardAtMs + LIMITS.liveDriverSilentMs - nowMs;
  }

  mayTake(seat: Seat, nowMs: number): boolean {
    if (!mayDrive(seat) || seat === this.#driver) return false;
    return this.#driver === null || seat.isOwner || this.isSilent(nowMs);
  }

  /**
   * @returns whether anything is other than before.
   * @throws KilnError `identity.forbidden`, `resource.conflict`, `resource.not_found`
   */
  act(seat: Seat, action: CameraAction, to: number | undefined, nowMs: number): boolean {
    const before = { driver: this.#driver, asking: this.#asking };
    if (action === 'request') this.#request(seat, nowMs);
    else if (action === 'take') this.#take(seat, nowMs);
    else if (action === 'give') this.#give(seat, to, nowMs);
    else if (seat === this.#driver) this.#free(nowMs);
    else this.#asking = this.#without(seat);
    return before.driver !== this.#driver || before.asking !== this.#asking;
  }

  #request(seat: Seat, nowMs: number): void {
    this.#requireMayDrive(seat);
    if (this.#driver === null) this.#hand(seat, nowMs);
    else if (seat !== this.#driver && !this.#asking.includes(seat)) this.#asking = [...this.#asking, seat];
  }

  #take(seat: Seat, nowMs: number): void {
    this.#requireMayDrive(seat);
    if (seat === this.#driver) return;
    if (!this.mayTake(seat, nowMs)) {
      throw new KilnError('resource.conflict', '[LV33] somebody else has the camera: ask for it');
    }
    this.#hand(seat, nowMs);
  }

  #give(seat: Seat, to: number | undefined, nowMs: number): void {
    if (seat !== this.#driver) throw new KilnError('resource.conflict', '[LV33] only who has the camera gives it');
    const receiver = to === undefined ? undefined : this.#seats.get(to);
    if (!receiver?.peer) throw new KilnError('resource.not_found', '[LV33] whom the camera is given is not there');
    this.#requireMayDrive(receiver);
    if (receiver !== seat) this.#hand(receiver, nowMs);
  }

  /** Its connection was lost, and did not come back soon. */
  giveUpDriver(nowMs: number): void {
    const lost = this.#driver;
    this.#free(nowMs);
    this.#lastDriver = lost;
  }

  /** A viewer is back. [LV13] */
  isBack(seat: Seat, nowMs: number): void {
    if (this.#driver === null && this.#lastDriver === seat) this.#hand(seat, nowMs);
  }

  tellAll(message: ServerMessage): void {
    for (const { peer } of this.present) peer?.tell(message);
  }

  /** Those whose connection is there and who do not drive. */
  get watchers(): readonly Seat[] {
    return this.present.filter((seat) => seat !== this.#driver);
  }

  /** [LV32] @param input the newest of the session. */
  tellViewers(input: number, nowMs: number): void {
    // One who is alone hears of it only where there was another, or may have been at another server.
    if (this.#lastId === 1 && !this.#isRestored) return;
    const driver = this.#driver?.id ?? null;
    const viewers = this.all.map((seat) => ({
      id: seat.id,
      label: `Viewer ${seat.id}`,
      owner: seat.isOwner,
      mayDrive: mayDrive(seat),
      asks: this.#asking.includes(seat),
      away: seat.peer === null,
    }));
    for (const seat of this.present) {
      const mayTake = this.mayTake(seat, nowMs);
      seat.peer?.tellNewest({ type: 'viewers', you: seat.id, driver, mayTake, input, viewers });
    }
  }

  #requireMayDrive(seat: Seat): void {
    if (!mayDrive(seat)) throw new KilnError('identity.forbidden', '[LV29] this token watches: it moves no camera');
  }

  #hand(seat: Seat, nowMs: number): void {
    this.#driver = seat;
    this.#lastDriver = null;
    this.#driverHeardAtMs = nowMs;
    this.#asking = this.#without(seat);
  }

  /** The same list where the seat is not in it. */
  #without(seat: Seat): readonly Seat[] {
    return this.#asking.includes(seat) ? this.#asking.filter((other) => other !== seat) : this.#asking;
  }

  /** Whoever asked first gets it. */
  #free(nowMs: number): void {
    this.#driver = null;
    this.#lastDriver = null;
    const next = this.#asking.find(({ peer }) => peer !== null);
    if (next) this.#hand(next, nowMs);
  }
}

/** One whose token only views drives through the scene's own cameras, in the session that it opened. */
const mayDrive = ({ isOwner, access }: Seat) => isOwner || access === 'drive';

/** Whose connection a viewer hands back that came by this token. [LV13] */
export function seatFor<S extends Pick<KeptSeat, 'tokenId' | 'resumeHash'>>(
  seats: readonly S[],
  tokenId: string | null,
  resumeToken: string,
): S | undefined {
  const hash = hashSecret(resumeToken);
  return seats.find((seat) => seat.tokenId === tokenId && sameSecret(hash, seat.resumeHash));
}

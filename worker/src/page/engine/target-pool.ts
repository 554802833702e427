import type { Size } from '@kiln/shared';
import type { WebGLRenderTarget } from 'three';
import { PAGE_LIMITS } from '../limits.ts';

import { BYTES_PER_PX } from '../pixel-kind.ts';
import { floatTarget } from './accumulation.ts';
import type { Shot } from './engine.ts';

import { rasterBytesPerPx, rasterTarget } from './raster.ts';
import { pictureTarget } from './resolve.ts';

type TargetOrder = Pick<Shot, 'size' | 'engine' | 'multisampled' | 'pixelKind' | 'hasDepth'>;

interface TargetSet {
  readonly sample: WebGLRenderTarget;
  readonly picture: WebGLRenderTarget;
  readonly sizeBytes: number;
  /** Pictures under way that are drawn with it: it is not freed meanwhile. */
  holders: number;
  /** A picture that gives way while something of it lies in the set: others of its size have another. */
  owner: TargetOrder | null;
}

/** What samples are drawn into. */
const SAMPLES = {
  multisampled: {
    target: (size: Size, hasDepth: boolean) => rasterTarget(size, true, hasDepth),
    bytesPerPx: rasterBytesPerPx(true),
  },
  plain: {
    target: (size: Size, hasDepth: boolean) => rasterTarget(size, false, hasDepth),
    bytesPerPx: rasterBytesPerPx(false),
  },
  traced: { target: floatTarget, bytesPerPx: 16 },
} as const;

/**
 * Targets by picture size, the last used kept: a live view changes between its moving and its resting size all the
 * time. Two pictures of one size may be under way at once (a frame that gives way to a live view), and share a set where
 * each is done with it before the other draws.
 */
export class TargetPool {
  /** In order of use, the last used at the end. */
  readonly #sets = new Map<string, TargetSet>();

  get(order: TargetOrder): TargetSet {
    const { size, engine, multisampled, pixelKind = 'srgb8', hasDepth = false } = order;
    const kind = engine === 'pathtrace' ? 'traced' : multisampled ? 'multisampled' : 'plain';
    const depth = hasDepth ? ' depth' : '';
    const key = this.#keyFor(order, `${size.widthPx}×${size.heightPx} ${kind} ${pixelKind}${depth}`);
    const { target, bytesPerPx } = SAMPLES[kind];
    const set = this.#sets.get(key) ?? {
      sample: target(size, hasDepth),
      picture: pictureTarget(size, pixelKind),
      sizeBytes: size.widthPx * size.heightPx * (bytesPerPx + BYTES_PER_PX[pixelKind]),
      holders: 0,
      owner: null,
    };
    this.#sets.delete(key);
    this.#sets.set(key, set);
    this.#trim();
    return set;
  }

  /** Keeps a set for a picture that gives way to others, until the answer is called: half a sample may be in it. */
  hold(order: TargetOrder): () => void {
    const set = this.get(order);
    set.holders += 1;
    return () => {
      set.holders -= 1;
    };
  }

  /** Keeps a set for this very picture alone, until the answer is called. */
  claim(order: TargetOrder): () => void {
    const set = this.get(order);
    set.owner = order;
    return () => {
      if (set.owner === order) set.owner = null;
    };
  }

  #keyFor(order: TargetOrder, first: string): string {
    let key = first;
    for (let n = 2; ; n += 1) {
      const owner = this.#sets.get(key)?.owner ?? null;
      if (owner === null || owner === order) return key;
      key = `${first} ${n}`;
    }
  }

  /** Frees the least recently used, never the last one that was asked for, nor one that is held. */
  #trim(): void {
    let bytes = 0;
    for (const { sizeBytes } of this.#sets.values()) bytes += sizeBytes;
    for (const [key, set] of this.#sets) {
      const few = this.#sets.size <= PAGE_LIMITS.targetSets && bytes <= PAGE_LIMITS.targetBytes;
      if (few || this.#sets.size === 1) return;
      if (set.holders > 0) continue;
      this.#sets.delete(key);
      bytes -= set.sizeBytes;
      set.sample.dispose();
      set.picture.dispose();
    }
  }
}

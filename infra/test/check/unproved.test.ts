import { expect, test } from 'vitest';
import { unproved } from '../../src/check/unproved.ts';

const all = { imageTools: true, filmTools: true, postgresBin: '/usr/bin', s3Server: true };

test('what the heavy tests cannot prove without a program is said with its package', () => {
  expect(unproved(all)).toEqual([]);
  expect(unproved({ ...all, imageTools: false })).toEqual([
    'NOT PROVED: there is no OpenImageIO here to read pictures, layers and Cryptomattes back; install openimageio-tools and run this again.',
  ]);
  expect(unproved({ ...all, imageTools: false, filmTools: false })[1]).toMatch('no ffmpeg here to read films back');
  expect(unproved({ ...all, s3Server: false, postgresBin: null })).toEqual([
    expect.stringContaining('no PostgreSQL here to run the store’s rules and a whole farm against; install postgresql'),
    expect.stringContaining(
      'no Ceph’s object gateway here to keep objects in as in production; install ceph-mon ceph-mgr ceph-osd radosgw',
    ),
  ]);
});

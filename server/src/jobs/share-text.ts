/** Why others are given slots before a tenant, or a user, that wants them, too. */
import type { Standing } from './share-turns.ts';

/**
 * @param user who submitted the job; null: nobody in particular.
 * @returns a sentence without its full stop; null where it is nobody else’s turn.
 */
export function shareText(
  { tenant, user: ofUser }: { readonly tenant: Standing; readonly user: Standing },
  user: string | null,
): string | null {
  const name = user === null ? 'jobs that name no user' : `“${user}”`;
  if (isOver(tenant)) return `Over your share: ${ofShare(tenant)} in use; ${waitToo(tenant, 'other tenant')}`;
  if (goFirst(tenant)) return `Your turn comes after ${whoFirst(tenant, 'other tenant', ' by weight')}`;
  if (isOver(ofUser)) return `Over the share of ${name}: ${ofShare(ofUser)} in use; ${waitToo(ofUser, 'other user')}`;
  return goFirst(ofUser) ? `The turn of ${name} comes after ${whoFirst(ofUser, 'other user', '')}` : null;
}

/** Another slot would be more than its share, and somebody else wants it. */
const isOver = ({ held, share, waiting }: Standing) => waiting > 0 && held > 0 && held >= whole(share);

const goFirst = ({ promised, hadLess }: Standing) => promised + hadLess > 0;

/** Of less than one slot a part, else whole ones: nobody holds parts. */
const whole = (share: number) => (share < 1 ? Math.round(share * 10) / 10 : Math.floor(share + 1e-6));

const ofShare = ({ held, share }: Standing) => `${held} of ${whole(share)} ${whole(share) === 1 ? 'slot' : 'slots'}`;

const waitToo = ({ waiting }: Standing, what: string) =>
  waiting === 1 ? `1 ${what} waits, too` : `${waiting} ${what}s wait, too`;

function whoFirst(standing: Standing, what: string, by: string): string {
  const { promised, hadLess, loadSec, leastSec } = standing;
  const those = (n: number, one: string, more: string) =>
    n === 1 ? `1 ${what} that ${one}` : `${n} ${what}s that ${more}`;
  const first = [
    ...(promised > 0
      ? [those(promised, 'has fewer slots than it is promised', 'have fewer slots than they are promised')]
      : []),
    ...(hadLess > 0
      ? [
          `${those(hadLess, 'has had less', 'have had less')}${by} (${seconds(leastSec)} slot-seconds to ${seconds(loadSec)})`,
        ]
      : []),
  ];
  return `${first.join(' and ')}; ${ofShare(standing)} in use`;
}

const seconds = (sec: number) => (sec < 100 ? sec.toFixed(1) : String(Math.round(sec)));

/** What went to the viewers of one session and to its worker, and what took the place of something that waited. */
import type { LiveTraffic } from '@kiln/shared';

export type Traffic = { -readonly [K in keyof Omit<LiveTraffic, 'sessions'>]: number };

export const noTraffic = (): Traffic => ({
  ...{ picturesSent: 0, picturesReplaced: 0, picturesDropped: 0 },
  ...{ messagesReplaced: 0, inputsReplaced: 0, mostWaitingBytes: 0 },
});

/** Of several sessions: sums, but for the most that waited for one viewer. */
export function trafficOf(sessions: readonly Traffic[]): LiveTraffic {
  const all = noTraffic();
  for (const one of sessions) {
    all.picturesSent += one.picturesSent;
    all.picturesReplaced += one.picturesReplaced;
    all.picturesDropped += one.picturesDropped;
    all.messagesReplaced += one.messagesReplaced;
    all.inputsReplaced += one.inputsReplaced;
    all.mostWaitingBytes = Math.max(all.mostWaitingBytes, one.mostWaitingBytes);
  }
  return { sessions: sessions.length, ...all };
}

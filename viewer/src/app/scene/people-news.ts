/** What is said of the people at a live view when something about them changes. */
import type { Audience } from '../../live/session-role.ts';

type Person = Audience['viewers'][number];

export const nameOf = (person: Pick<Person, 'id' | 'label'>, you: number): string =>
  person.id === you ? 'You' : person.label;

/** @param before null: nobody else was there. */
export function newsOf(before: Audience | null, after: Audience): string[] {
  const was = (id: number) => before?.viewers.find((person) => person.id === id);
  const others = after.viewers.filter(({ id }) => id !== after.you);
  const news: string[] = [];
  for (const person of others) {
    const old = was(person.id);
    if (!old) news.push(`${person.label} ${before === null && !person.owner ? 'watches' : 'is here'}.`);
    else if (person.away && !old.away) news.push(`${person.label} has lost the connection.`);
    if (person.asks && !old?.asks && after.driver === after.you) news.push(`${person.label} asks for the camera.`);
  }
  for (const { id, label } of before?.viewers ?? []) {
    if (id !== after.you && !after.viewers.some((person) => person.id === id)) news.push(`${label} has left.`);
  }
  if ((before?.driver ?? null) !== after.driver) news.push(driverNews(after));
  return news;
}

function driverNews({ driver, you, viewers }: Audience): string {
  if (driver === null) return 'The camera is free.';
  const person = viewers.find(({ id }) => id === driver);
  return driver === you ? 'You have the camera.' : `${person?.label ?? 'Somebody'} has the camera.`;
}

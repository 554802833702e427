/** The farm and the uploads, for every part of the web app. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { ThemeChoice } from '../shell/theme.ts';
import type { Uploads } from '../upload/uploads.ts';
import type { Farm } from './farm.ts';

export interface AppServices {
  readonly farm: Farm;
  readonly uploads: Uploads;
  readonly theme: ThemeChoice;
}

const context = createContext<AppServices | null>(null);

export const AppServicesProvider = context.Provider;

/** @throws Error outside of the provider. */
export function useServices(): AppServices {
  const services = useContext(context);
  if (!services) throw new Error('There are no services above this component.');
  return services;
}

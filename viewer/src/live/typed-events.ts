/** The smallest emitter with types: `on` gives back what takes the listener away. */
export interface TypedEvents<Events extends object> {
  on<K extends keyof Events>(name: K, listener: (value: Events[K]) => void): () => void;
  emit<K extends keyof Events>(name: K, value: Events[K]): void;
}

export function createTypedEvents<Events extends object>(): TypedEvents<Events> {
  const listeners: { [K in keyof Events]?: Set<(value: Events[K]) => void> } = {};
  return {
    on(name, listener) {
      let set = listeners[name];
      if (!set) {
        set = new Set();
        listeners[name] = set;
      }
      set.add(listener);
      return () => set.delete(listener);
    },
    emit(name, value) {
      for (const listener of [...(listeners[name] ?? [])]) listener(value);
    },
  };
}

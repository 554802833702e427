/** Between two looks for what is more urgent. */
const LOOK_MS = 20;

/** Waits for work that is done elsewhere, and lets others draw meanwhile. */
export async function whileResting<T>(work: Promise<T>, rest: () => Promise<unknown>): Promise<T> {
  let isOver = false;
  const over = work.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  while (!isOver) {
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
    await rest();
  }
  return work;
}

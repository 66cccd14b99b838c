/** Lets a test wait until what it has been told satisfies a condition; the test's own timeout is the limit. */
export function createWatch() {
  const wakers = new Set<() => void>();
  return {
    /** Something has been told. */
    changed() {
      for (const wake of wakers) wake();
      wakers.clear();
    },
    async until(condition: () => boolean): Promise<void> {
      while (!condition()) await new Promise<void>((resolve) => wakers.add(resolve));
    },
  };
}

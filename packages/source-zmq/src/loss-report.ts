/** Counts what was lost, and says so: at once, since a crash may follow, and then summed up while it goes on. */
export interface LossReport {
  add(): void;
  /** Says what was not said yet. */
  close(): void;
}

/** @param everyMs at most one report in this time, after the first */
export function createLossReport(say: (lost: number) => void, everyMs: number): LossReport {
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;

  const report = () => {
    timer = undefined;
    if (lost === 0) return;
    const count = lost;
    lost = 0;
    timer = setTimeout(report, everyMs).unref();
    say(count);
  };
  return {
    add() {
      lost += 1;
      if (timer === undefined) report();
    },
    close() {
      clearTimeout(timer);
      report();
      clearTimeout(timer);
    },
  };
}

/** Counts what was lost, and says so: at once, since a crash may follow, and then summed up while it goes on. */
export interface LossReport {
  add(): void;
  /** Says what was not said yet. */
  close(): void;
}

/** Who heals the gap needs to hear of it again while it lasts, but not a thousand times a second. */
const everyMs = 1_000;

export function createLossReport(say: (lost: number) => void): LossReport {
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

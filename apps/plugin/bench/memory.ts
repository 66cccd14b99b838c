import { readFileSync } from "node:fs";

/** Resident memory of a process without what is only mapped from files, in MB. */
export function anonymousMb(process: number | "self" = "self"): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${process}/status`, "utf8"))?.[1]) / 1000;
}

/** Looks every 50 ms; `stop` says the most that was seen. `cpuMs`: processor time since the beginning, of all threads. */
export function watchMemory(): { stop(): number; cpuMs(): number } {
  const cpu = process.cpuUsage();
  let peakMb = anonymousMb();
  const timer = setInterval(() => (peakMb = Math.max(peakMb, anonymousMb())), 50);
  return {
    cpuMs() {
      const { user, system } = process.cpuUsage(cpu);
      return (user + system) / 1000;
    },
    stop() {
      clearInterval(timer);
      return Math.max(peakMb, anonymousMb());
    },
  };
}

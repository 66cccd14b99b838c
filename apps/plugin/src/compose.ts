import { isAddressTaken, prepareBus } from "./bus/prepare-bus.ts";
import { createReconciler } from "./completeness/reconciler.ts";
import type { Config } from "./config/schema.ts";
import { serveControl } from "./control/serve-control.ts";
import { createCounters } from "./counters.ts";
import { toDigest } from "./digest.ts";
import { exitCodeOf, exitConfig, exitTryAgain } from "./exit-codes.ts";
import { limitRepeats } from "./log/limit-repeats.ts";
import { createLog, type LogLevel } from "./log/log.ts";
import { startSummary } from "./log/start-summary.ts";
import { watchConnections } from "./log/watch-connections.ts";
import { checkMisp, openMispApi } from "./misp/check-misp.ts";
import { noSource, OnceError, reconcileOnce } from "./once.ts";
import { runPipeline } from "./pipeline/pipeline.ts";
import { createQuality } from "./quality/quality.ts";
import { installShutdown } from "./shutdown.ts";
import { createSightingWay, discardSightings, type SightingWay } from "./sightings.ts";
import { serveSnapshots } from "./snapshot.ts";
import { isRefusedConfig, prepareSource } from "./source.ts";
import { openLmdbStore } from "./store/lmdb-store.ts";

const repeatEveryMs = 60_000;
/** Less than the shutdown's own deadline: a bus that takes nothing leaves time to confirm what it took before. */
const flushMs = 3_000;

/**
 * Runs the program until a signal, and says with which code to exit. The picture of docs/architecture.md, as code: a source, a
 * store and a bus are opened, and the pipeline runs between them.
 */
export async function run(options: {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Takes the configured secrets out of a text. */
  readonly redact: (text: string) => string;
  /** Reconciles, announces what that brings, and ends: no source is opened. */
  readonly once?: boolean;
}): Promise<number> {
  const { config, redact, once = false } = options;
  const created = createLog({ ...config.logging, redact });
  if (!created.ok) return fail(created.text);
  const { log } = created;
  for (const warning of options.warnings) log.warn({}, warning);

  // The first thing that can be missing, before anything is opened.
  const withApi = config.api?.key !== undefined;
  if (once && !withApi) return fail("run --once compares with MISP, and for that it needs api with a key");
  const transport = await prepareSource(config.source, withApi);
  if (!transport.ok) return fail(redact(transport.text));
  const prepared = await prepareBus(config.bus);
  if (!prepared.ok) return fail(redact(prepared.text));

  const controller = new AbortController();
  const flush = new AbortController();
  const counters = createCounters();
  const limited = limitRepeats(log, repeatEveryMs, () => performance.now());
  const tell = (level: "info" | "warn" | "error", text: string) => log[level]({}, text);
  const say = (level: LogLevel, cause: string, text: string) => limited[level](cause, {}, text);
  const refusedBy = (what: string, text: string) => (reason: string, detail: string) =>
    limited.warn(`${what} ${reason}`, { reason, detail }, text);
  const removeHandlers = installShutdown({ controller, say: tell });
  controller.signal.addEventListener("abort", () => setTimeout(() => flush.abort(), flushMs).unref());
  const summary = startSummary(log, counters);

  try {
    await using store = await openLmdbStore({ path: config.statePath });
    const { baseUrl } = config;
    const rendering = baseUrl === undefined ? {} : { baseUrl };
    const onRefused = refusedBy("bus", "what came over the bus could not be read");
    await using bus = prepared.open({ store, rendering, say, onRefused });
    await using api = openMispApi(config.api, process.env);
    await using source = once ? noSource() : transport.open(store.meta());
    log.info({ filter: config.filterText, state: config.statePath }, `started: ${prepared.description}`);
    const { signal } = controller;
    const { outbox } = store;
    const reconciler =
      api &&
      createReconciler({
        store,
        api,
        filter: config.filter,
        counters,
        intervalMs: config.reconcile.intervalMs,
        quietFill: config.bus.kind !== "ndjson" && !once,
        say,
        onRefused: refusedBy("row", "a part of MISP's answer could not be read"),
      });
    watchConnections(source, bus, {
      log,
      limited,
      signal,
      onSource(status) {
        if (status.state === "gap") counters.increment("gap", status.cause);
        reconciler?.onSource(status);
      },
    });
    const sightings: SightingWay | undefined =
      api && createSightingWay({ store, outbox, bus, api, options: config.sightings, counters, say });
    const parts = [
      runPipeline(
        {
          store,
          source,
          bus,
          filter: config.filter,
          reorders: config.source.kind === "kafka",
          digest: toDigest(config),
          quality: createQuality(config, { now: Date.now, say: tell }),
          rendering,
          counters,
          onRefused: refusedBy("refused", "a message could not be read"),
          onReevaluated: (entries) => {
            if (entries > 0)
              log.info(
                { entries },
                "filter, gates, exceptions or mapping have changed: every entry was evaluated anew",
              );
          },
          onOther: (notification) => sightings?.recognise(notification),
          ...(reconciler === undefined ? {} : { reconciler }),
        },
        { signal, deadline: flush.signal },
      ),
      sightings === undefined
        ? discardSightings(bus, { signal, counters, say })
        : sightings.run({ signal, deadline: flush.signal }),
      serveSnapshots(store, bus, {
        signal,
        now: Date.now,
        ...(reconciler === undefined || store.meta().filled ? {} : { ready: reconciler.filled }),
        ...rendering,
      }),
      checkMisp(api, {
        signal,
        say: tell,
        onUsable(misp) {
          sightings?.resume();
          reconciler?.begin({ orgId: misp.user?.org.id, siteAdmin: misp.user?.role.siteAdmin ?? false });
        },
        ...(once ? { wait: () => Promise.reject(new OnceError("MISP cannot be asked")) } : {}),
      }).then(async (outcome) => {
        if (outcome === "refused") reconciler?.giveUp();
        if (!once) return;
        await reconcileOnce(outcome, reconciler, store, signal);
        controller.abort();
      }),
      serveControl(config.statePath, reconciler, { signal, say: (text) => log.warn({}, text) }),
    ];
    await allOrNone(parts, () => controller.abort());
    const held = reconciler?.held() ?? 0;
    if (held > 0)
      log.error({}, `${held} events that are no longer in MISP were not removed: threatbus-misp reconcile --force`);
    return 0;
  } catch (error) {
    log.error({ error }, `stopped: ${error instanceof Error ? error.message : String(error)}`);
    if (isRefusedConfig(error)) return exitConfig;
    if (isAddressTaken(error) || error instanceof OnceError) return exitTryAgain;
    return exitCodeOf(error);
  } finally {
    removeHandlers();
    limited.flush();
    summary.stop();
  }
}

/** Waits for all parts. When one of them fails, the others are told to end, and its error is what counts. */
async function allOrNone(parts: readonly Promise<unknown>[], end: () => void): Promise<void> {
  for (const part of parts) part.catch(end);
  for (const result of await Promise.allSettled(parts)) if (result.status === "rejected") throw result.reason;
}

function fail(text: string): number {
  process.stderr.write(`threatbus-misp: ${text}\n`);
  return exitConfig;
}

import { type BusStatus, createFeed, type StatusFeed } from "@tb/misp-core";

/** What a bus' `status()` is made of. Of a row of attempts that come to nothing the first is told; each consumer that is behind is. */
export function createBusStatusFeed(first: BusStatus): StatusFeed<BusStatus> {
  const isBehind = ({ state }: BusStatus) => state === "consumer-behind";
  const feed = createFeed(first, { is: isBehind, sum: () => undefined });
  let { state } = first;
  return {
    ...feed,
    tell(status) {
      if (status.state === state) return;
      if (!isBehind(status)) state = status.state;
      feed.tell(status);
    },
  };
}

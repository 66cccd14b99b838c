import type { ModelNotification } from "../messages/topics.ts";
import type { MispModel } from "../model.ts";
import type { RestAnswer } from "./answer.ts";
import type { RestKey } from "./key.ts";
import type { ParsedRequest } from "./request.ts";
import type { View } from "./visibility.ts";

/** What an endpoint has to answer with. */
export interface EndpointContext {
  readonly model: MispModel;
  /** MISP's clock, whole seconds. */
  readonly now: number;
  readonly key: RestKey;
  readonly view: View;
  /** What MISP publishes because of this request; it goes out before the answer. */
  readonly notifications: ModelNotification[];
  /** Sightings that a batch has saved and not answered yet: its transaction is open. */
  readonly unanswered: {
    has(uuid: string): boolean;
    add(uuid: string): void;
  };
  /** A test's trouble with searches; see the failures. */
  readonly trouble: SearchTrouble;
}

/** Searches that go wrong without an error. */
interface SearchTrouble {
  /** Every page is the first. */
  readonly repeatPage: boolean;
  /** Rows made in the latest seconds are not there yet. */
  readonly lagSeconds: number;
}

/** Answers one kind of request. It runs without waiting, so that requests do not see each other's halves. */
export type Endpoint = (request: ParsedRequest, context: EndpointContext) => RestAnswer;

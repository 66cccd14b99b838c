/**
 * A listener whose own failure is nobody else's: it becomes an uncaught exception in a turn of its own, instead of ending the
 * socket whose message was told of, after which no app would get an answer any more.
 */
export function reportApart<Event>(listener: (event: Event) => void): (event: Event) => void {
  return (event) => {
    try {
      listener(event);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}

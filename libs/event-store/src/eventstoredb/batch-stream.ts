/** What is touched of the client's one call for all appends. */
type BatchCall = {
  write: (...args: never[]) => boolean;
  listeners(event: 'data'): unknown[];
  removeListener(event: 'data', listener: (answer: never) => void): unknown;
  on(event: 'data', listener: (answer: never) => void): unknown;
};

const isBatchCall = (call: unknown): call is BatchCall =>
  typeof call === 'object' && call !== null && 'write' in call && 'listeners' in call;

/**
 * Takes two ways to end the process out of the client's batch call:
 * - Writes that wait for room are rejected, when the call breaks, inside a promise that nobody holds. So none waits; how much is on
 *   its way is bounded by the lane.
 * - An error on any call empties the bank of promises for all; the answer to an append that was in it throws inside a listener.
 *   Its outcome was reported as unknown already, so the answer is dropped.
 */
export const tamed = <T>(call: T): T => {
  if (!isBatchCall(call)) return call;
  const write = call.write.bind(call);
  call.write = (...args) => {
    write(...args);
    return true;
  };
  for (const listener of call.listeners('data') as ((answer: never) => void)[]) {
    call.removeListener('data', listener);
    call.on('data', (answer) => {
      try {
        listener(answer);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
    });
  }
  return call;
};

/** Totals since the store was opened, for a metrics endpoint. */
export type Counters = {
  /** Acknowledged appends, and the events in them. */
  appends: number;
  appendedEvents: number;
  conflicts: number;
  /** Appends whose answer was lost; each is resolved by a read. */
  unknownOutcomes: number;
  /** Connections for appends that were given up because nothing was answered. */
  silentConnections: number;
  /** Events within our streams that are not facts of ours, skipped. */
  foreignEvents: number;
  readRetries: number;
  /** Subscriptions that broke and were begun again, by the watchdog too. */
  resubscriptions: number;
  /** Subscriptions that the watchdog found silent although facts stood behind them. */
  silentSubscriptions: number;
};

export const noCounts = (): Counters => ({
  appends: 0,
  appendedEvents: 0,
  conflicts: 0,
  unknownOutcomes: 0,
  silentConnections: 0,
  foreignEvents: 0,
  readRetries: 0,
  resubscriptions: 0,
  silentSubscriptions: 0,
});

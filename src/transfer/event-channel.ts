// Where events go: to their channel of node:diagnostics_channel, `zwire:transfer:` and the name of the event, for
// whoever subscribes in this process.
import { type Channel, channel, type ChannelListener } from 'node:diagnostics_channel';
import type { AnyEvent, EventName, EventOf } from './event.ts';

const CHANNELS: { readonly [N in EventName]: Channel } = {
  listening: channel(channelName('listening')),
  announced: channel(channelName('announced')),
  accepted: channel(channelName('accepted')),
  refused: channel(channelName('refused')),
  progress: channel(channelName('progress')),
  warning: channel(channelName('warning')),
  finished: channel(channelName('finished')),
  sample: channel(channelName('sample')),
  track: channel(channelName('track')),
  records: channel(channelName('records')),
};

/** The name of the diagnostics channel on which an event is published. */
export function channelName(event: EventName): string {
  return `zwire:transfer:${event}`;
}

/** Whether anybody would hear this event: what costs something is only done then. */
export function isWatched(event: EventName): boolean {
  return CHANNELS[event].hasSubscribers;
}

export function publish(event: AnyEvent): void {
  CHANNELS[event.event].publish(event);
}

/** Calls `listener` with every event of this name, whatever the transfer. Returns how to end that. */
export function watch<N extends EventName>(event: N, listener: (event: EventOf<N>) => void): () => void {
  // Only publish() writes to these channels, each event to its own.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const onMessage: ChannelListener = (message) => listener(message as EventOf<N>);
  CHANNELS[event].subscribe(onMessage);
  return () => {
    CHANNELS[event].unsubscribe(onMessage);
  };
}

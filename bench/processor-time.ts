// What sealing costs of zwire's processor time, held against a tool that seals nothing.
import type { SealingNode } from './machine.ts';
import { figures, type Series, spread } from './statistics.ts';

const GIB = 2 ** 30;

/** One line for each Node that ran: seconds of both sides together for 1 GiB at MTU 9000, beside those of iperf3. */
export function processorTimes(all: readonly Series[], nodes: readonly SealingNode[]): string[] {
  const bothSides = (id: string): number | undefined => {
    const series = all.find(({ contender }) => contender.id === id);
    return (
      series &&
      spread(
        figures(
          series,
          ({ sender, receiver, bytes }) => ((sender.cpuSeconds + receiver.cpuSeconds) * GIB) / bytes,
        ),
      )?.median
    );
  };
  const plain = bothSides('iperf3-9000');
  if (plain === undefined) return [];
  return nodes.flatMap(({ major, sealBitsPerSecond }) => {
    const whole = bothSides(`zwire-raw-9000-node${major}`);
    if (whole === undefined) return [];
    const sealing = (2 * 8 * GIB) / sealBitsPerSecond;
    const [text, seals, rest, tcp] = [whole, sealing, whole - sealing, plain].map((value) =>
      value.toFixed(2),
    );
    return [
      `Node ${major}: both sides together take ${text} s/GiB, of which sealing and opening ${seals}; all the rest, starting Node`,
      `  included, is ${rest}. iperf3 TCP, which seals nothing, takes ${tcp}.`,
    ];
  });
}

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { Problem } from '#libs/domain';

/** What an operator watches of the catalog. An alarm belongs on `log_trusted` 0 and on `parked_images` or `parked_namespaces` above 0. */
export interface CatalogMetrics {
  isLogTrusted(trusted: boolean): void;
  leads(leads: boolean): void;
  projectedUpTo(sequence: number): void;
  parked(images: number): void;
  parkedNamespaces(namespaces: number): void;
  swept(attempts: number): void;
  /** Counts and times one command. */
  command<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function createCatalogMetrics(registry: Registry): CatalogMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name: `heliograph_${name}`, help, registers });
  const trusted = gauge('log_trusted', '1 while the event log is known to be whole.');
  const projecting = gauge('projector_active', '1 in the process that writes the read model.');
  const projected = gauge('projected_sequence', 'The last commit that this process knows to be readable.');
  const parkedImages = gauge('parked_images', 'Images whose commits cannot be projected.');
  const parkedNamespaces = gauge('parked_namespaces', 'Namespaces of metadata definitions whose commits cannot be projected.');
  const sweptAttempts = new Counter({ name: 'heliograph_swept_attempts_total', help: 'Uploads that were ended because their server died.', registers });
  const seconds = new Histogram({
    name: 'heliograph_command_seconds', help: 'From a command\'s arrival to its answer.', labelNames: ['outcome'], registers,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
  });
  return {
    isLogTrusted: (now) => trusted.set(Number(now)),
    leads: (now) => projecting.set(Number(now)),
    projectedUpTo: (sequence) => projected.set(sequence),
    parked: (images) => parkedImages.set(images),
    parkedNamespaces: (namespaces) => parkedNamespaces.set(namespaces),
    swept: (attempts) => sweptAttempts.inc(attempts),
    async command(work) {
      const end = seconds.startTimer();
      try {
        const result = await work();
        end({ outcome: 'ok' });
        return result;
      } catch (error) {
        end({ outcome: error instanceof Problem ? error.code : 'fault' });
        throw error;
      }
    },
  };
}

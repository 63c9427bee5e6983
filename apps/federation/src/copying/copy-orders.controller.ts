import { setInterval } from 'node:timers';
import { Controller, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { digestOfOrder, openCapability, type CopyLine, type CopyOrder } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import { withRequestId } from '#libs/platform';
import { FEDERATION, type FederationRoom } from '../federation.room.js';
import { copyToRegions, endCopies } from './copy-to-regions.js';

interface Running { readonly stop: AbortController; readonly ended: Promise<void> }

const busyEveryMs = 2000;
const largestOrderBytes = 256 * 1024;
const endsWithinMs = 30_000;

/**
 * Copies of an image of this region in others, for the importer that drives the action. The capability in the path names the digest of the order. An order that comes
 * again takes the place of the one before it, whose importer has gone.
 */
@Controller('copy-orders/:capability')
export class CopyOrdersController {
  private readonly running = new Map<string, Running>();

  constructor(@Inject(FEDERATION) private readonly room: Pick<FederationRoom, 'copying' | 'capabilityKey' | 'clock' | 'signal' | 'logger'>) {}

  /** Says line by line that it is at work, and last what came of it. Refuses: Forbidden. */
  @Post()
  async carryOut(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param('capability') capability: string): Promise<void> {
    const { order, requestId } = await this.orderIn(request, capability);
    reply.hijack();
    const { raw } = reply;
    const say = (line: CopyLine): void => { raw.write(`${JSON.stringify(line)}\n`); };
    raw.writeHead(200, { 'content-type': 'application/x-ndjson' });
    say({ busy: true });
    const busy = setInterval(() => { say({ busy: true }); }, busyEveryMs);
    try {
      crashPoint('after-start');
      await withRequestId(requestId, () => this.alone(order, raw, (signal) => copyToRegions(order, this.room.copying, signal)));
      say({ done: true });
      raw.end();
    } catch (error) {
      if (error instanceof Problem) {
        say({ problem: { code: error.code, params: error.params } });
        raw.end();
        return;
      }
      if (!raw.destroyed) this.room.logger.error({ err: error, import_id: order.importId }, 'an image was not copied to other regions');
      raw.destroy();
    } finally {
      clearInterval(busy);
    }
  }

  /** The action has ended, however it did. */
  @Post('end')
  @HttpCode(204)
  async end(@Req() request: FastifyRequest, @Param('capability') capability: string): Promise<void> {
    const { order } = await this.orderIn(request, capability);
    await this.stopped(order.importId);
    await endCopies(order, this.room.copying, AbortSignal.any([this.room.signal, AbortSignal.timeout(endsWithinMs)]));
  }

  private async alone(order: CopyOrder, connection: FastifyReply['raw'], work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    await this.stopped(order.importId);
    const stop = new AbortController();
    connection.once('close', () => { stop.abort(new Error('The importer went away.')); });
    const result = work(AbortSignal.any([stop.signal, this.room.signal]));
    const running: Running = { stop, ended: result.then(() => undefined, () => undefined) };
    this.running.set(order.importId, running);
    try {
      await result;
    } finally {
      if (this.running.get(order.importId) === running) this.running.delete(order.importId);
    }
  }

  private async stopped(importId: string): Promise<void> {
    const running = this.running.get(importId);
    running?.stop.abort(new Error('Another order took its place.'));
    await running?.ended;
  }

  private async orderIn({ raw }: FastifyRequest, capability: string): Promise<{ order: CopyOrder; requestId: string }> {
    const { order: digest, requestId } = openCapability(this.room.capabilityKey, capability, { may: 'copy', now: this.room.clock() });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > largestOrderBytes) throw new Problem('RequestTooLarge', { limit: `${largestOrderBytes / 1024} KiB` });
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks);
    if (digest !== digestOfOrder(body)) throw new Problem('Forbidden', { detail: 'This capability is for another order.' });
    return { order: JSON.parse(body.toString('utf8')) as CopyOrder, requestId };
  }
}

import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { CopiesAnswer, CopiesQuestion, RegionsAnswer, RegionsQuestion } from '#libs/contracts';
import { findCopies } from './copies.js';
import { FEDERATION, type FederationRoom } from './federation.room.js';

const mostServices = 100;
const copiesWithinMs = 8000;

/** Which image services of a catalogue answer: all are asked at once, each for a bounded time. */
@Controller()
export class RegionsController {
  constructor(@Inject(FEDERATION) private readonly room: Pick<FederationRoom, 'reachService' | 'sealKey' | 'clock' | 'signal'>) {}

  @MessagePattern('ask.regions')
  async regions(@Payload() { urls }: RegionsQuestion): Promise<RegionsAnswer> {
    return { services: await Promise.all([...new Set(urls)].slice(0, mostServices).map((url) => this.room.reachService(url))) };
  }

  @MessagePattern('ask.copies')
  copies(@Payload() question: CopiesQuestion): Promise<CopiesAnswer> {
    const { sealKey, clock, signal } = this.room;
    return findCopies(question, { sealKey, now: clock(), signal, timeoutMs: copiesWithinMs });
  }
}

import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { ReplicationAnswer } from '#libs/contracts';
import type { ReplicationDesk } from './replication-desk.js';

export const REPLICATIONS = Symbol('replications');

/** Commands on replication policies and executions, for the gateway. */
@Controller()
export class ReplicationsController {
  constructor(@Inject(REPLICATIONS) private readonly desk: Pick<ReplicationDesk, 'carryOut'>) {}

  @MessagePattern('do.policy')
  carryOut(@Payload() message: unknown): Promise<ReplicationAnswer> {
    return this.desk.carryOut(message);
  }
}

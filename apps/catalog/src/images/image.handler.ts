import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { AttemptsAnswer, HistoryAnswer, ImageCommandAnswer, MetadefCommandAnswer, PastAnswer, PastImagesAnswer, RemovalsAnswer, ReplicationsAnswer, ReservationAnswer, StagedAnswer, StatusAnswer, StoredAnswer, UsageAnswer, WebhookAnswer } from '#libs/contracts';
import { catalogToken, type Catalog } from '../catalog.js';

/** What the other services may ask of the catalog. Subjects: `do.<region>.image`, `do.<region>.metadef`, `ask.<region>.*`. */
@Controller()
export class ImageHandler {
  constructor(@Inject(catalogToken) private readonly catalog: Catalog) {}

  @MessagePattern('do.image')
  carryOut(@Payload() message: unknown): Promise<ImageCommandAnswer> {
    return this.catalog.carryOut(message);
  }

  @MessagePattern('do.metadef')
  carryOutMetadef(@Payload() message: unknown): Promise<MetadefCommandAnswer> {
    return this.catalog.carryOutMetadef(message);
  }

  @MessagePattern('ask.history')
  history(@Payload() question: unknown): Promise<HistoryAnswer> {
    return this.catalog.history(question);
  }

  @MessagePattern('ask.past')
  past(@Payload() question: unknown): Promise<PastAnswer> {
    return this.catalog.past(question);
  }

  @MessagePattern('ask.pastImages')
  pastImages(@Payload() question: unknown): Promise<PastImagesAnswer> {
    return this.catalog.pastImages(question);
  }

  @MessagePattern('ask.removals')
  removals(@Payload() question: unknown): Promise<RemovalsAnswer> {
    return this.catalog.removals(question);
  }

  @MessagePattern('ask.staged')
  staged(@Payload() question: unknown): Promise<StagedAnswer> {
    return this.catalog.staged(question);
  }

  @MessagePattern('ask.attempts')
  attempts(@Payload() question: unknown): Promise<AttemptsAnswer> {
    return this.catalog.attempts(question);
  }

  @MessagePattern('ask.stored')
  stored(@Payload() question: unknown): Promise<StoredAnswer> {
    return this.catalog.stored(question);
  }

  @MessagePattern('ask.reservation')
  reserve(@Payload() question: unknown): Promise<ReservationAnswer> {
    return this.catalog.reserve(question);
  }

  @MessagePattern('ask.usage')
  usage(@Payload() question: unknown): Promise<UsageAnswer> {
    return this.catalog.usage(question);
  }

  @MessagePattern('ask.replications')
  replications(): Promise<ReplicationsAnswer> {
    return this.catalog.replications();
  }

  @MessagePattern('ask.webhooks')
  webhooks(@Payload() question: unknown): Promise<WebhookAnswer> {
    return this.catalog.webhooks(question);
  }

  @MessagePattern('ask.status')
  status(): StatusAnswer {
    return this.catalog.status();
  }
}

import { Controller, Get, Header } from '@nestjs/common';

/** Tells a load balancer that requests are answered here; what they depend on is told at /readyz. Source: oslo.middleware healthcheck. */
@Controller('healthcheck')
export class HealthcheckController {
  @Get()
  @Header('content-type', 'text/plain; charset=UTF-8')
  healthcheck(): string {
    return 'OK';
  }
}

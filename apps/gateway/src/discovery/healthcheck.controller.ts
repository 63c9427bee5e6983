import { existsSync } from 'node:fs';
import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import { TakesBody } from '../edge/http-server.js';
import { preferredForm } from '../edge/error-body.js';
import { header, type Reply, type Request } from '../edge/request.js';
import { GATEWAY_RULES, type GatewayRules } from '../tokens.js';

/** Tells a load balancer that requests are answered here; what they depend on is told at /readyz. An operator's file takes this
 *  gateway out of service. Source: oslo.middleware healthcheck; API.md section 25. */
@Controller('healthcheck')
export class HealthcheckController {
  constructor(@Inject(GATEWAY_RULES) private readonly rules: Pick<GatewayRules, 'disabledByFile'>) {}

  @All()
  @TakesBody()
  healthcheck(@Req() request: Request, @Res() reply: Reply): void {
    const { disabledByFile } = this.rules;
    const isDisabled = disabledByFile !== '' && existsSync(disabledByFile);
    reply.code(isDisabled ? 503 : 200);
    if (request.method === 'HEAD') return void reply.code(isDisabled ? 503 : 204).send();
    const reason = isDisabled ? 'DISABLED BY FILE' : 'OK';
    const asksForJson = preferredForm(header(request, 'accept') ?? '') === 'json';
    if (asksForJson) return void reply.send({ detailed: false, reasons: [reason] });
    return void reply.header('content-type', 'text/plain; charset=UTF-8').send(reason);
  }
}

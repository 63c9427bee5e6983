import { ServiceConfig } from '#libs/platform';

/** What the federation service is told: so far nothing beyond what every service is. */
export class FederationConfig extends ServiceConfig {}

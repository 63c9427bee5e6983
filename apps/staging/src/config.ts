import { ServiceConfig } from '#libs/platform';

/** What the staging service is told: so far nothing beyond what every service is. */
export class StagingConfig extends ServiceConfig {}

import { ServiceConfig } from '#libs/platform';

/** What the importer is told: so far nothing beyond what every service is. */
export class ImporterConfig extends ServiceConfig {}

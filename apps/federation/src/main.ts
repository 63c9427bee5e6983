import { createTransferAdapter, serve } from '#libs/platform';
import { FederationConfig } from './config.js';
import { federationModule, refusals } from './federation.module.js';
import { openFederation } from './open-federation.js';

await serve({
  name: 'federation',
  movesBytes: true,
  config: FederationConfig,
  answers: true,
  module: async (parts) => federationModule(await openFederation(parts)),
  http: {
    adapter: createTransferAdapter,
    configure: (app, { logger }) => { app.useGlobalFilters(refusals(logger)); },
    address: ({ transferHost, transferPort }) => ({ host: transferHost, port: transferPort }),
  },
});

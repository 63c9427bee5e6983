import { createTransferAdapter, serve } from '#libs/platform';
import { StagingConfig } from './config.js';
import { openStaging } from './open-staging.js';
import { stagingModule } from './staging.module.js';

await serve({
  name: 'staging',
  movesBytes: true,
  config: StagingConfig,
  module: async (parts) => stagingModule(await openStaging(parts)),
  http: {
    adapter: createTransferAdapter,
    address: ({ transferHost, transferPort }) => ({ host: transferHost, port: transferPort }),
  },
});
